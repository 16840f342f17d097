"""One round, in the order in which it happens."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import torch

from raysal.acquisition.selection.score_parts import read_parts
from raysal.acquisition.selection.top_k import Pick, RegionPick
from raysal.data.labels import labelled_ids, partly_labelled, read_labels, write_labels
from raysal.data.pool.candidates import Candidates, draw_candidates
from raysal.data.sets.base import Split
from raysal.engine.jobs import EvaluateJob, ScoreJob
from raysal.engine.workers.score import NO_NUMBER
from raysal.experiment.context import Round, check_bad, check_parts, pool_job
from raysal.experiment.cost import total
from raysal.experiment.extend_labels import extend, read_calibration
from raysal.experiment.pick_images import best_images, score_labelled
from raysal.experiment.pick_regions import best_regions, pick_regions
from raysal.experiment.query import Ask, priced, read_query, write_query
from raysal.experiment.record import Record
from raysal.experiment.stage import once, wall_s
from raysal.experiment.train_adversary import adversary_of, train_adversary
from raysal.inference.metrics import class_counts, iou, mean_iou, pixel_accuracy
from raysal.storage.atomic import read_json, write_json
from raysal.training.job import EpochReport, TrainJob


def run_round(r: Round) -> Record:
    """train -> evaluate -> (train adversary) -> score -> select -> annotate -> (extend) -> record.

    With regions, selecting is: pick regions in the best-scored images, select among them. What
    is done is not done again.

    Raises:
        RaysalError: see the stages; what was committed stays.
    """
    folder = r.place.round(r.index)
    model = once(folder / "model", lambda draft: train(r, draft), resumable=True)
    once(folder / "metrics", lambda draft: evaluate(r, model, draft))
    if not r.last:
        if r.config.acquisition.needs.adversary is not None:
            once(
                folder / "adversary", lambda draft: train_adversary(r, model, candidates(r), draft),
                resumable=True,
            )  # fmt: skip
        scores = once(folder / "scores", lambda draft: score(r, model, draft), resumable=True)
        picked = scores
        if r.config.rga is not None:
            picked = once(
                folder / "regions", lambda draft: pick_regions(r, model, scores, draft),
                resumable=True,
            )  # fmt: skip
        query = once(folder / "query", lambda draft: select(r, picked, draft))
        once(folder / "labels", lambda draft: annotate(r, read_query(query), draft))
        if r.config.cle is not None:
            once(folder / "extended", lambda draft: extend(r, model, draft), resumable=True)
    once(folder / "record", lambda draft: make_record(r, folder).write(draft))
    return Record.read(folder / "record")


def train(r: Round, draft: Path) -> None:
    """Train on everything labelled so far, from the same initial weights in every round."""
    c = r.config
    job = TrainJob(
        dataset=c.data, pool_uri=r.pool.uri,
        label_folders=r.place.label_folders(r.index) + r.place.extended(r.index), out=draft,
        model=c.resolved_model, loss=c.resolved_loss, optim=c.optim, train=c.train,
        augment=c.augment, seed=c.seed, round_index=r.index,
    )  # fmt: skip
    done = 0

    def on_epoch(report: EpochReport) -> None:
        nonlocal done
        validated = f"  val mIoU {report.val_miou:.3f}" if report.val_miou is not None else ""
        r.watch.advance(report.epoch - done, f"loss {report.loss:.3f}{validated}")
        done = report.epoch

    r.watch.start(f"round {r.index}: train", c.train.epochs)
    r.engine.train(job, on_epoch)
    r.watch.finish()
    report = read_json(draft / "train.json")
    bad = [problem["image_id"] for problem in report["bad_images"]]
    check_bad(r, bad, report["images"] + len(bad), "training and validation images")


def evaluate(r: Round, model: Path, draft: Path) -> None:
    """Measure the model on the test split, or on the validation split where there is none."""
    split: Split = "test" if r.config.data.items("test") else "val"
    job = EvaluateJob(r.config.data, split, model, r.config.train.precision)
    r.watch.start(f"round {r.index}: evaluate", len(r.config.data.items(split)))
    result = r.engine.evaluate(job, r.watch.advance)
    r.watch.finish()
    check_bad(r, [i for i, _ in result.bad], result.images + len(result.bad), f"{split} images")
    confusion = torch.tensor(result.confusion)
    write_json(
        draft / "metrics.json",
        {
            "version": 1,
            "split": split,
            "images": result.images,
            "miou": mean_iou(confusion),
            "pixel_accuracy": pixel_accuracy(confusion),
            "iou": iou(confusion),
            "class_names": list(r.config.data.class_names),
            "confusion": result.confusion,
            "bad_images": [{"image_id": i, "reason": reason} for i, reason in result.bad],
        },
    )


def score(r: Round, model: Path, draft: Path) -> None:
    """Score the round's candidates; parts of an interrupted scoring are kept."""
    c, drawn = r.config, candidates(r)
    job = ScoreJob(
        **pool_job(r, model if c.acquisition.needs.names else None, draft),
        strategy=c.acquisition, candidates=drawn, features=c.acquisition.needs.stage,
        adversary=adversary_of(c.acquisition, model),
    )  # fmt: skip
    r.watch.start(f"round {r.index}: score", drawn.count)
    r.engine.over_pool(job, lambda report: r.watch.advance(report.images))
    r.watch.finish()
    bad = {row.image_id: row.error for row in read_parts(str(draft)) if row.error is not None}
    overflow = any(error.startswith(NO_NUMBER) for error in bad.values())
    problem = "without a finite score" if overflow else "unreadable"
    check_parts(r, draft, sorted(bad), drawn.count, "scored images", problem)
    if c.acquisition.needs.features is not None:
        score_labelled(r, model, draft)


def candidates(r: Round) -> Candidates:
    """The images that are looked at in a round."""
    c = r.config
    at_least = max(c.budget.images_needed(), 1)
    if c.rga is not None and c.rga.subset != "all":
        at_least = max(at_least, c.rga.subset)
    return draw_candidates(
        r.pool, _not_asked_again(r), c.al.candidate_ratio, c.seed, r.index, at_least
    )


def select(r: Round, picked: Path, draft: Path) -> None:
    """The best images or regions of the round, as many as the budget allows."""
    budget, size = r.config.budget, r.config.data.size
    best: Iterable[Pick | RegionPick]
    if r.config.rga is None:
        limit = budget.at_most(size[0] * size[1]) + 1  # One more: is anything left?
        best = best_images(r, picked, limit)
    else:
        best = best_regions(picked, r.config.rga, budget)
    asks, filled = budget.fill(priced(best, size, r.oracle.clicks))
    if not filled:
        left = total(ask.cost for ask in asks).in_unit(budget.unit)
        whole = r.config.rga is None and budget.unit == "images"
        what = "unlabelled ones" if whole else "that can be asked for"
        r.watch.say(
            f"round {r.index}: the budget is {budget.amount} {budget.unit}, but only {left:g} "
            f"{what} are left; taking them all"
        )
    write_query(draft, asks)


def annotate(r: Round, asks: Sequence[Ask], draft: Path) -> None:
    """Have the query answered."""
    write_labels(draft, r.oracle.answer(asks))


def make_record(r: Round, folder: Path) -> Record:
    """Add up what the round did, from what lies on disk."""
    extended = r.place.extended(r.index)
    asked = [ask.cost for query in r.place.query_folders(r.index) for ask in read_query(query)]
    bad: list[str] = []
    if not r.last:
        bad = sorted(s.image_id for s in read_parts(str(folder / "scores")) if s.error is not None)
    stages = {
        "train": "model", "evaluate": "metrics", "adversary": "adversary", "score": "scores",
        "regions": "regions", "select": "query", "annotate": "labels", "extend": "extended",
    }  # fmt: skip
    return Record(
        round=r.index,
        name=r.config.name,
        seed=r.config.seed,
        strategy=r.config.strategy_label,
        fingerprint=r.config.fingerprint(),
        labelled=total(asked),
        queried=None if r.last else total(ask.cost for ask in read_query(folder / "query")),
        class_pixels=_class_pixels(r, r.place.label_folders(r.index)),
        extended_pixels=_class_pixels(r, extended) if extended else None,
        extension=read_calibration(folder / "extended"),
        miou=read_json(folder / "metrics" / "metrics.json")["miou"],
        bad_images=bad,
        timings_s={n: wall_s(folder / s) for n, s in stages.items() if (folder / s).exists()},
    )


def _class_pixels(r: Round, folders: Sequence[Path]) -> list[int]:
    """Known pixels per class in some label stores."""
    classes = len(r.config.data.class_names)
    pixels = torch.zeros(classes, dtype=torch.int64)
    for folder in folders:
        for labelled in read_labels(folder):
            pixels += class_counts(torch.from_numpy(labelled.label), classes)
    return pixels.tolist()


def _not_asked_again(r: Round) -> set[str]:
    """Images that were labelled, in part or whole, and those that cannot be read.

    Partly labelled ones stay with `rga.reselect_partial`.
    """
    folders = r.place.label_folders(r.index)
    labelled = {image_id for folder in folders for image_id in labelled_ids(folder)}
    if r.config.rga is not None and r.config.rga.reselect_partial:
        labelled -= partly_labelled(folders)
    return labelled | _set_aside(r)


def _set_aside(r: Round) -> set[str]:
    """Images that earlier rounds could not read."""
    records = (Record.read(r.place.round(index) / "record") for index in range(r.index))
    return {image_id for record in records for image_id in record.bad_images}
