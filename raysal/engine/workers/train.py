"""The training for each kind of job."""

from __future__ import annotations

from collections.abc import Callable

from raysal.training.adversary.fit import fit_adversary
from raysal.training.adversary.job import AdversaryJob
from raysal.training.fit import fit
from raysal.training.job import EpochReport, TrainJob
from raysal.training.world import World

AnyTrainJob = TrainJob | AdversaryJob


def run_training(job: AnyTrainJob, world: World, on_epoch: Callable[[EpochReport], None]) -> None:
    """Run a training as one worker of `world`; see `fit` and `fit_adversary`."""
    if isinstance(job, AdversaryJob):
        fit_adversary(job, world, on_epoch)
    else:
        fit(job, world, on_epoch)
