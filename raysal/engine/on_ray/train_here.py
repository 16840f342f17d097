"""Training in the driver's process, which is quicker for a single worker on this machine."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from raysal.engine.config import EngineConfig
from raysal.engine.on_ray.plan import Plan, train_threads
from raysal.engine.workers.train import AnyTrainJob, run_training
from raysal.inference.device import default_device
from raysal.inference.process import tune_process
from raysal.training.job import EpochReport
from raysal.training.world import World

PROGRESS, FAILURE = "progress.jsonl", "failure"


def in_driver(job: AnyTrainJob, plan: Plan, config: EngineConfig) -> bool:
    """Whether a training runs in this process; see `EngineConfig.train_in`."""
    if config.train_in != "auto":
        return config.train_in == "driver" and job.workers == 1
    return job.workers == 1 and plan.here_only and not plan.gpus


def train_here(
    job: AnyTrainJob, plan: Plan, config: EngineConfig, on_epoch: Callable[[EpochReport], None]
) -> None:
    """Run a training as the only worker.

    Raises:
        TrainingError: see `run_training`.
    """
    remove_reports(job.out)
    tune_process(train_threads(plan, config, job.workers))
    run_training(job, World.alone(default_device()), on_epoch)


def remove_reports(out: Path) -> None:
    """Remove what the workers of a driver that was killed left for it."""
    for left in (out / PROGRESS, out / FAILURE):
        left.unlink(missing_ok=True)
