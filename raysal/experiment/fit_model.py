"""Train a model with the settings of an experiment."""

from __future__ import annotations

from pathlib import Path

from raysal.data.sets.base import Dataset
from raysal.engine.base import Engine
from raysal.experiment.config import ExperimentConfig
from raysal.progress import Watch
from raysal.training.job import EpochReport, TrainJob


def fit_model(
    config: ExperimentConfig,
    engine: Engine,
    watch: Watch,
    title: str,
    *,
    dataset: Dataset,
    pool_uri: str,
    label_folders: tuple[Path, ...],
    round_index: int,
    out: Path,
) -> None:
    """Train on all labels of some folders, from the initial weights, and show the progress.

    Args:
        title: what is trained, for the display.
        dataset: with the images to validate on.
        label_folders: stores of labels; later ones go before earlier ones.
        out: folder for the model, in which an interrupted training is continued.

    Raises:
        RaysalError: see `Engine.train`.
    """
    job = TrainJob(
        dataset=dataset,
        pool_uri=pool_uri,
        label_folders=label_folders,
        out=out,
        model=config.resolved_model,
        loss=config.resolved_loss,
        optim=config.optim,
        train=config.train,
        augment=config.augment,
        seed=config.seed,
        round_index=round_index,
    )
    done = 0

    def on_epoch(report: EpochReport) -> None:
        nonlocal done
        validated = f"  val mIoU {report.val_miou:.3f}" if report.val_miou is not None else ""
        watch.advance(report.epoch - done, f"loss {report.loss:.3f}{validated}")
        done = report.epoch

    watch.start(f"{title}: train", config.train.epochs)
    engine.train(job, on_epoch)
    watch.finish()
