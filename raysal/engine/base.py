"""The interface of an engine."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Protocol

from raysal.acquisition.selection.top_k import Pick
from raysal.engine.jobs import EvaluateJob, Evaluation, KCenterJob, PartReport, PoolJob
from raysal.engine.workers.train import AnyTrainJob
from raysal.training.job import EpochReport


class Engine(Protocol):
    """Runs jobs; all files they leave are whole, and running a job again continues it."""

    def check_storage(self, folder: Path, reads: Mapping[str, str]) -> None:
        """Called once before the jobs: all machines share `folder`, where results go, and see
        what is read, by the setting that names it.

        Raises:
            ClusterError: one that does not, and the path.
        """

    def train(self, job: AnyTrainJob, on_epoch: Callable[[EpochReport], None]) -> None:
        """Leave a trained model or adversary in `job.out`; see `run_training`."""

    def over_pool(self, job: PoolJob, on_part: Callable[[PartReport], None]) -> None:
        """Leave a part for every unit of the job in `job.out`."""

    def k_center(self, job: KCenterJob) -> Iterator[Pick]:
        """All candidates in the order in which they are chosen, with their distance then; as lazy
        as its caller.

        Raises:
            DataError: features that are not finite numbers.
        """

    def evaluate(self, job: EvaluateJob, on_images: Callable[[int], None]) -> Evaluation:
        """The confusion matrix of a split; `on_images` gets the number done in each step."""

    def close(self) -> None:
        """Give back what the engine started."""
