"""The adversary of a round, for strategies that read one: trained after the model, beside it."""

from __future__ import annotations

from pathlib import Path

from raysal.acquisition.base import Strategy
from raysal.data.pool.candidates import Candidates
from raysal.engine.workers.model_checks import load_needed_adversary
from raysal.experiment.context import Round, check_bad
from raysal.models.adversary import digest
from raysal.models.checkpoint import LoadedModel
from raysal.storage.atomic import read_json
from raysal.training.adversary.job import AdversaryJob
from raysal.training.job import EpochReport


def train_adversary(r: Round, model: Path, candidates: Candidates, draft: Path) -> None:
    """Train on everything labelled so far and on the round's candidates."""
    c = r.config
    config = c.acquisition.needs.adversary
    assert config is not None
    job = AdversaryJob(
        pool=r.pool, label_folders=r.place.label_folders(r.index), candidates=candidates,
        size=c.data.size, model=model if config.shape.ranked else None, config=config,
        task=c.train, out=draft, seed=c.seed, round_index=r.index,
    )  # fmt: skip
    done = 0

    def on_part(report: EpochReport) -> None:
        nonlocal done
        of = f"of {report.epochs} steps, discriminator's loss {report.loss:.3f}"
        r.watch.advance(report.epoch - done, of)
        done = report.epoch

    # How many steps depends on how many images can be read.
    r.watch.start(f"round {r.index}: train adversary", None)
    r.engine.train(job, on_part)
    r.watch.finish()
    report = read_json(draft / "train.json")
    bad = [problem["image_id"] for problem in report["bad_images"]]
    images = report["labelled"] + report["unlabelled"] + len(bad)
    check_bad(r, bad, images, "images of the adversary")


def adversary_of(strategy: Strategy, model: Path) -> Path | None:
    """Where the adversary lies that goes with a round's model, its folder or the file in it."""
    if strategy.needs.adversary is None:
        return None
    model = model.absolute()  # Even a folder given as "." has a parent.
    return (model.parent if model.is_file() else model).parent / "adversary"


def scored_by(strategy: Strategy, loaded: LoadedModel, model: Path) -> str:
    """Digest of all that a score is computed with.

    Raises:
        CheckpointError: the strategy reads an adversary, and there is none that fits.
    """
    adversary = load_needed_adversary(strategy, adversary_of(strategy, model))
    return loaded.digest if adversary is None else f"{digest(adversary)}-{loaded.digest}"
