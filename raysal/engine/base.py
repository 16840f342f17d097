"""The interface that every engine implements."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Protocol

from raysal.acquisition.selection.top_k import Pick
from raysal.engine.jobs import EvaluateJob, Evaluation, KCenterJob, PartReport, PoolJob, Traffic
from raysal.engine.workers.train import AnyTrainJob
from raysal.training.job import EpochReport


class Engine(Protocol):
    """Runs jobs. Every file that a job leaves is complete, and running a job again continues it."""

    def check_storage(self, folder: Path, reads: Mapping[str, str]) -> None:
        """Check, once before the jobs, that all machines see the same storage.

        Args:
            folder: where results go; every machine reads and writes it.
            reads: paths that are only read, by the setting that names them.

        Raises:
            ClusterError: a machine does not see one of the paths; the message names both.
        """

    def train(self, job: AnyTrainJob, on_epoch: Callable[[EpochReport], None]) -> None:
        """Leave a trained model or adversary in `job.out`; see `run_training`."""

    def over_pool(self, job: PoolJob, on_part: Callable[[PartReport], None]) -> None:
        """Leave a part for every unit of the job in `job.out`."""

    def k_center(self, job: KCenterJob) -> Iterator[Pick]:
        """All candidates in the order in which they are chosen, scored by their distance to the
        nearest image that is labelled or was chosen earlier. The next one is computed when it is
        asked for.

        Raises:
            DataError: a feature is not a finite number.
        """

    def evaluate(self, job: EvaluateJob, on_images: Callable[[int], None]) -> Evaluation:
        """The confusion matrix of a split; `on_images` receives the number of images finished
        since the last call.
        """

    def close(self) -> None:
        """Stop what the engine started."""


class SimulatedNodes(Protocol):
    """A cluster on this machine whose nodes can join and fail.

    Attributes:
        address: for `engine.address`.
    """

    address: str

    def add(self, cpus: int | None = None) -> str:
        """Let a node join; returns its id. To be called from the main thread.

        Args:
            cpus: number of CPUs; by default as many as the first node has.
        """

    def remove_last(self) -> None:
        """Kill the node that joined last with all its processes, as when a machine fails."""

    def traffic(self) -> Traffic:
        """The bytes that the cluster has moved so far."""
