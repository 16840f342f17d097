"""Running jobs on Ray."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import ray

from raysal.acquisition.selection.top_k import Pick
from raysal.engine.config import EngineConfig
from raysal.engine.jobs import EvaluateJob, Evaluation, KCenterJob, PartReport, PoolJob
from raysal.engine.on_ray import core_set
from raysal.engine.on_ray import over_pool as pool_data
from raysal.engine.on_ray import storage_check as storage
from raysal.engine.on_ray.deaths import DeathWatch
from raysal.engine.on_ray.nodes import alive_nodes
from raysal.engine.on_ray.start import Started, start
from raysal.engine.on_ray.train_here import in_driver, train_here
from raysal.engine.workers.train import AnyTrainJob
from raysal.training.job import EpochReport


class RayEngine:
    """Uses Ray Train and Ray Data, on a cluster or on this machine; see `EngineConfig.address`.

    Args:
        started: a Ray that is there already; by default one is joined or started.

    Raises:
        ClusterError: the cluster cannot be reached or is too small.
    """

    def __init__(self, config: EngineConfig, started: Started | None = None) -> None:
        self.config = config
        started = start(config) if started is None else started
        self._ours, self.plan, self._crew = started.ours, started.plan, started.crew
        self._deaths = DeathWatch() if self._ours else None

    def check_storage(self, folder: Path, reads: Mapping[str, str]) -> None:
        """See `Engine.check_storage`."""
        if not self.plan.here_only:
            storage.check_storage(
                [node for node in alive_nodes() if node.works], folder.absolute(), reads
            )

    def train(self, job: AnyTrainJob, on_epoch: Callable[[EpochReport], None]) -> None:
        """See `Engine.train`."""
        if in_driver(job, self.plan, self.config):
            train_here(job, self.plan, self.config, on_epoch)
            return
        if self._crew is not None:  # The workers may need its room.
            self._crew.dismiss()
        # Importing Ray Train takes a second.
        from raysal.engine.on_ray.train import train

        train(job, self.plan, self.config, on_epoch)

    def over_pool(self, job: PoolJob, on_part: Callable[[PartReport], None]) -> None:
        """See `Engine.over_pool`."""
        pool_data.over_pool(job, self.plan, self.config, self._crew, on_part)

    def k_center(self, job: KCenterJob) -> Iterator[Pick]:
        """See `Engine.k_center`."""
        if self._crew is not None and core_set.is_divided(job, self.config):
            self._crew.dismiss()
        return core_set.k_center(job, self.plan, self.config)

    def evaluate(self, job: EvaluateJob, on_images: Callable[[int], None]) -> Evaluation:
        """See `Engine.evaluate`."""
        return pool_data.evaluate(job, self.plan, self.config, self._crew, on_images)

    def close(self) -> None:
        """See `Engine.close`. If this process had joined Ray before, it stays joined."""
        if self._crew is not None:
            self._crew.dismiss()
        if self._deaths is not None:
            self._deaths.stop()
        if self._ours:
            ray.shutdown()
