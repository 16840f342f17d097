"""One round, in the order in which it happens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from raysal.acquisition.score_parts import drop_failed_parts, picks, read_parts
from raysal.acquisition.select import top_k
from raysal.config.files import read_json, write_json
from raysal.data.candidates import draw_candidates
from raysal.data.dataset import Split
from raysal.data.labels import labelled_ids, read_labels, write_labels
from raysal.data.pool import Pool
from raysal.engine.base import Engine, EvaluateJob, ScoreJob
from raysal.errors import BadImagesError
from raysal.rounds.config import ExperimentConfig
from raysal.rounds.cost import total
from raysal.rounds.oracle import Oracle
from raysal.rounds.place import RunPlace
from raysal.rounds.query import Ask, read_query, whole_images, write_query
from raysal.rounds.record import Record
from raysal.rounds.stage import once, wall_s
from raysal.rounds.watch import Watch
from raysal.training.job import EpochReport, TrainJob
from raysal.training.metrics import class_counts, iou, mean_iou, pixel_accuracy


@dataclass(frozen=True)
class Round:
    """What a round works with.

    Attributes:
        index: counted from 0.
        last: whether the experiment ends with it, so that nothing is asked for.
    """

    config: ExperimentConfig
    place: RunPlace
    pool: Pool
    engine: Engine
    oracle: Oracle
    watch: Watch
    index: int
    last: bool


def run_round(r: Round) -> Record:
    """train -> evaluate -> score -> select -> annotate -> record; what is done is not done again.

    Raises:
        RaysalError: see the stages; what was committed stays.
    """
    folder = r.place.round(r.index)
    model = once(folder / "model", lambda draft: train(r, draft), resumable=True)
    once(folder / "metrics", lambda draft: evaluate(r, model, draft))
    if not r.last:
        scores = once(folder / "scores", lambda draft: score(r, model, draft), resumable=True)
        query = once(folder / "query", lambda draft: select(r, scores, draft))
        once(folder / "labels", lambda draft: annotate(r, read_query(query), draft))
    once(folder / "record", lambda draft: make_record(r, folder).write(draft))
    return Record.read(folder / "record")


def train(r: Round, draft: Path) -> None:
    """Train on everything labelled so far, from the same initial weights in every round."""
    c = r.config
    job = TrainJob(
        dataset=c.data, pool_uri=r.pool.uri, label_folders=r.place.label_folders(r.index),
        out=draft, model=c.resolved_model, loss=c.loss, optim=c.optim, train=c.train,
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
    _check_bad(r, bad, report["images"] + len(bad), "training and validation images")


def evaluate(r: Round, model: Path, draft: Path) -> None:
    """Measure the model on the test split, or on the validation split where there is none."""
    split: Split = "test" if r.config.data.items("test") else "val"
    job = EvaluateJob(r.config.data, split, model, r.config.train.precision)
    r.watch.start(f"round {r.index}: evaluate", len(r.config.data.items(split)))
    result = r.engine.evaluate(job, r.watch.advance)
    r.watch.finish()
    _check_bad(r, [i for i, _ in result.bad], result.images + len(result.bad), f"{split} images")
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
    c = r.config
    labelled = {i for folder in r.place.label_folders(r.index) for i in labelled_ids(folder)}
    candidates = draw_candidates(
        r.pool, labelled | _set_aside(r), c.al.candidate_ratio, c.seed, r.index, c.al.budget
    )
    job = ScoreJob(
        pool=r.pool, model=model if c.acquisition.needs else None, strategy=c.acquisition,
        candidates=candidates, out=str(draft), size=c.data.size, precision=c.train.precision,
        seed=c.seed, round_index=r.index,
    )  # fmt: skip
    r.watch.start(f"round {r.index}: score", candidates.count)
    r.engine.score(job, lambda report: r.watch.advance(report.images))
    r.watch.finish()
    bad = sorted(row.image_id for row in read_parts(str(draft)) if row.error is not None)
    try:
        _check_bad(r, bad, candidates.count, "scored images")
    except BadImagesError:
        drop_failed_parts(str(draft))
        raise


def select(r: Round, scores: Path, draft: Path) -> None:
    """The best images of the round, as many as the budget allows."""
    chosen = top_k(picks(read_parts(str(scores))), r.config.al.budget)
    if len(chosen) < r.config.al.budget:
        r.watch.say(
            f"round {r.index}: the budget is {r.config.al.budget} images, but only {len(chosen)} "
            "unlabelled ones are left; taking them all"
        )
    write_query(draft, whole_images(chosen, r.config.data.size))


def annotate(r: Round, asks: Sequence[Ask], draft: Path) -> None:
    """Have the query answered."""
    write_labels(draft, r.oracle.answer(asks))


def make_record(r: Round, folder: Path) -> Record:
    """Add up what the round did, from what lies on disk."""
    classes = len(r.config.data.class_names)
    pixels = torch.zeros(classes, dtype=torch.int64)
    for labels in r.place.label_folders(r.index):
        for labelled in read_labels(labels):
            pixels += class_counts(torch.from_numpy(labelled.label), classes)
    asked = [ask.cost for query in r.place.query_folders(r.index) for ask in read_query(query)]
    bad: list[str] = []
    if not r.last:
        bad = sorted(s.image_id for s in read_parts(str(folder / "scores")) if s.error is not None)
    stages = {
        "train": "model", "evaluate": "metrics", "score": "scores", "select": "query",
        "annotate": "labels",
    }  # fmt: skip
    return Record(
        round=r.index,
        name=r.config.name,
        seed=r.config.seed,
        strategy=r.config.acquisition.label,
        fingerprint=r.config.fingerprint(),
        labelled=total(asked),
        queried=None if r.last else total(ask.cost for ask in read_query(folder / "query")),
        class_pixels=pixels.tolist(),
        miou=read_json(folder / "metrics" / "metrics.json")["miou"],
        bad_images=bad,
        timings_s={n: wall_s(folder / s) for n, s in stages.items() if (folder / s).exists()},
    )


def _set_aside(r: Round) -> set[str]:
    """Images that earlier rounds could not read."""
    records = (Record.read(r.place.round(index) / "record") for index in range(r.index))
    return {image_id for record in records for image_id in record.bad_images}


def _check_bad(r: Round, bad: Sequence[str], of: int, what: str) -> None:
    """Report unreadable images by id.

    Raises:
        BadImagesError: they are too large a share.
    """
    if not bad:
        return
    named = ", ".join(bad[:5]) + (", ..." if len(bad) > 5 else "")
    if len(bad) > r.config.data.max_bad_share * of:
        raise BadImagesError(
            f"{len(bad)} of {of} {what} are unreadable ({named}), more than data.max_bad_share = "
            f"{r.config.data.max_bad_share:g}; raise that share and run again, or repair them and "
            "begin a new run"
        )
    r.watch.say(f"round {r.index}: set aside {len(bad)} unreadable of {of} {what}: {named}")
