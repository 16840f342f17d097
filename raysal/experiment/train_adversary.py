"""Train the adversary of a round, for strategies that read one."""

from __future__ import annotations

from pathlib import Path

from raysal.acquisition.base import Strategy
from raysal.data.pool.candidates import Candidates
from raysal.engine.workers.model_checks import load_needed_adversary
from raysal.experiment.context import Round, check_bad
from raysal.experiment.layout import RoundLayout
from raysal.models.adversary import digest
from raysal.models.checkpoint import LoadedModel
from raysal.training.adversary.job import AdversaryJob
from raysal.training.job import EpochReport
from raysal.training.report import AdversaryReport


def train_adversary(r: Round, model: Path, candidates: Candidates, draft: Path) -> None:
    """Train on all labelled images and on the candidates of the round."""
    c = r.config
    config = c.acquisition.needs.adversary
    assert config is not None
    job = AdversaryJob(
        pool=r.pool,
        label_folders=r.layout.label_folders(r.index),
        candidates=candidates,
        size=c.data.size,
        model=model if config.shape.ranked else None,
        config=config,
        task=c.train,
        out=draft,
        seed=c.seed,
        round_index=r.index,
        pixels=c.data.pixels,
        tile=c.data.tile,
    )
    done = 0

    def on_part(report: EpochReport) -> None:
        nonlocal done
        of = f"of {report.epochs} steps, discriminator loss {report.loss:.3f}"
        r.watch.advance(report.epoch - done, of)
        done = report.epoch

    # The number of steps depends on the number of readable images.
    r.watch.start(f"round {r.index}: train adversary", None)
    r.engine.train(job, on_part)
    r.watch.finish()
    report = AdversaryReport.read(draft)
    bad = [problem.image_id for problem in report.bad_images]
    images = report.labelled + report.unlabelled + len(bad)
    check_bad(r, bad, images, "images of the adversary")


def adversary_of(strategy: Strategy, model: Path) -> Path | None:
    """Folder of the adversary of a round; None if the strategy reads none.

    Args:
        model: the `model` folder of the round, or the checkpoint in it.
    """
    if strategy.needs.adversary is None:
        return None
    model = model.absolute()  # A path such as "." has no parent.
    stage = model.parent if model.is_file() else model
    return RoundLayout(stage.parent).adversary


def scored_by(strategy: Strategy, loaded: LoadedModel, model: Path) -> str:
    """Digest of all weights that scores depend on.

    Raises:
        CheckpointError: the strategy reads an adversary, and there is none that fits the model.
    """
    adversary = load_needed_adversary(strategy, adversary_of(strategy, model))
    return loaded.digest if adversary is None else f"{digest(adversary)}-{loaded.digest}"
