"""One round of the loop, its stages in order."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from pathlib import Path

import torch

from raysal.acquisition.selection.score_parts import read_parts
from raysal.acquisition.selection.top_k import Pick, RegionPick
from raysal.data.identity import contents_hash
from raysal.data.pool.candidates import Candidates, draw_candidates
from raysal.data.sets.base import Split
from raysal.engine.jobs import EvaluateJob, ScoreJob
from raysal.engine.workers.score import NO_NUMBER
from raysal.experiment.context import Round, check_bad, check_parts, pool_job
from raysal.experiment.cost import total
from raysal.experiment.extend_labels import extend
from raysal.experiment.fit_model import fit_model
from raysal.experiment.metrics import Metrics, not_measured
from raysal.experiment.pending import answered
from raysal.experiment.pick_images import best_images, score_labelled, vectors_by
from raysal.experiment.pick_regions import best_regions, pick_regions
from raysal.experiment.query import priced, write_query
from raysal.experiment.record import Record
from raysal.experiment.stage import once
from raysal.experiment.stop import Stop
from raysal.experiment.stop_rules import due_in
from raysal.experiment.summarize import make_record
from raysal.experiment.train_adversary import adversary_of, train_adversary
from raysal.inference.metrics import iou, mean_iou, pixel_accuracy
from raysal.models.feature_encoder import remove_encoder
from raysal.training.report import TrainReport, bad_images


def run_round(r: Round) -> Record | None:
    """train -> evaluate -> (train adversary) -> score -> select -> annotate -> (extend) -> record.

    With regions, `select` has two stages: pick regions in the best-scored images, then choose
    among them. Finished stages are not repeated.

    Returns:
        None if the round has to wait for people's answers.

    Raises:
        RaysalError: see the stages; finished stages are kept.
    """
    here = r.layout.round(r.index)
    stage = functools.partial(once, fingerprint=r.config.fingerprint())
    model = stage(here.model, lambda draft: train(r, draft), resumable=True)
    stage(here.metrics, lambda draft: evaluate(r, model, draft))
    stop = None if r.last else stops(r)
    if not r.last and stop is None:
        if r.config.image_strategy.needs.adversary is not None:
            stage(
                here.adversary,
                lambda draft: train_adversary(r, model, candidates(r), draft),
                resumable=True,
            )
        scores = stage(here.scores, lambda draft: score(r, model, draft), resumable=True)
        picked = scores
        if r.config.rga is not None:
            picked = stage(
                here.regions, lambda draft: pick_regions(r, model, scores, draft), resumable=True
            )
        stage(here.query, lambda draft: select(r, picked, draft))
        if not annotate(r):
            return None
        if r.config.cle is not None:
            stage(here.extended, lambda draft: extend(r, model, draft), resumable=True)
    stage(here.record, lambda draft: make_record(r, stop).write(draft))
    return Record.read(here.record)


def train(r: Round, draft: Path) -> None:
    """Train on all labels so far, from the same initial weights in every round."""
    fit_model(
        r.config,
        r.engine,
        r.watch,
        f"round {r.index}",
        dataset=r.measuring,
        pool_uri=r.pool.uri,
        label_folders=r.layout.label_folders(r.index) + r.layout.extended(r.index),
        round_index=r.index,
        out=draft,
    )
    report = TrainReport.read(draft)
    bad = [problem.image_id for problem in report.bad_images]
    check_bad(r, bad, report.images + len(bad), "training and validation images")


def evaluate(r: Round, model: Path, draft: Path) -> None:
    """Evaluate the model on the test split, or on the validation split if there is none.

    Without both, it is not measured.
    """
    classes = r.config.data.class_names
    split: Split = "test" if r.measuring.items("test") else "val"
    images = len(r.measuring.items(split))
    if not images:
        not_measured(classes).write(draft)
        return
    job = EvaluateJob(r.measuring, split, model, r.config.train.precision)
    r.watch.start(f"round {r.index}: evaluate", images)
    result = r.engine.evaluate(job, r.watch.advance)
    r.watch.finish()
    check_bad(r, [i for i, _ in result.bad], result.images + len(result.bad), f"{split} images")
    confusion = torch.tensor(result.confusion)
    metrics = Metrics(
        split=split,
        images=result.images,
        miou=mean_iou(confusion),
        pixel_accuracy=pixel_accuracy(confusion),
        iou=tuple(iou(confusion)),
        class_names=classes,
        confusion=tuple(map(tuple, result.confusion)),
        bad_images=bad_images(result.bad),
        split_contents=contents_hash(r.data[split]),
    )
    metrics.write(draft)


def stops(r: Round) -> Stop | None:
    """Why the experiment ends with this round, whose model is measured; None if it goes on.

    A query that was made before the rule was set stays; see `reopen`.
    """
    if r.layout.round(r.index).query.exists():
        return None
    return due_in(r.layout, r.index, r.stop, r.config.budget)


def score(r: Round, model: Path, draft: Path) -> None:
    """Score the candidates of the round; parts of an interrupted attempt are kept.

    If regions are picked in all candidates, no image is read: its score decides nothing.
    """
    c, drawn = r.config, candidates(r)
    strategy = c.image_strategy
    made_by = vectors_by(r, draft)
    reads = strategy.needs.names - ({"features"} if "encoder" in made_by else set())
    job = ScoreJob(
        **pool_job(r, model if reads else None, draft),
        **made_by,
        strategy=strategy,
        candidates=drawn,
        adversary=adversary_of(strategy, model),
    )
    r.watch.start(f"round {r.index}: score", drawn.count)
    r.engine.over_pool(job, lambda report: r.watch.advance(report.images))
    r.watch.finish()
    bad = {row.image_id: row.error for row in read_parts(str(draft)) if row.error is not None}
    overflow = any(error.startswith(NO_NUMBER) for error in bad.values())
    problem = "without a finite score" if overflow else "unreadable"
    check_parts(r, draft, sorted(bad), drawn.count, "scored images", problem)
    if strategy.needs.features is not None:
        score_labelled(r, model, draft, made_by)
        remove_encoder(str(draft))


def candidates(r: Round) -> Candidates:
    """The random subset of the unlabelled images that is scored."""
    c = r.config
    at_least = max(c.budget.images_needed(), 1)
    if c.rga is not None and c.rga.subset != "all":
        at_least = max(at_least, c.rga.subset)
    return draw_candidates(r.pool, r.excluded, c.al.candidate_ratio, c.seed, r.index, at_least)


def select(r: Round, picked: Path, draft: Path) -> None:
    """Query the best images or regions that the budget allows."""
    budget, size = r.config.budget, r.config.data.size
    best: Iterable[Pick | RegionPick]
    if r.config.rga is None:
        limit = budget.at_most(size[0] * size[1]) + 1  # One more shows whether any are left.
        best = best_images(r, picked, limit)
    else:
        best = best_regions(picked, r.config.rga, budget, r.excluded)
    asks, filled = budget.fill(priced(best, size, r.oracle.clicks))
    if not filled:
        left = total(ask.cost for ask in asks).in_unit(budget.unit)
        whole = r.config.rga is None and budget.unit == "images"
        what = "unlabelled ones are left" if whole else "are left that can be queried"
        r.watch.say(
            f"round {r.index}: the budget is {budget.amount} {budget.unit}, but only {left:g} "
            f"{what}; taking them all"
        )
    write_query(draft, asks)


def annotate(r: Round) -> bool:
    """Have the oracle answer the query; whether it has."""
    return answered(r.layout.round(r.index), r.oracle, r.config.fingerprint(), r.watch)
