"""An additional engine: it runs jobs in process and records their kinds.

One line in `raysal.engine.registry.ENGINES` adds it; that line refers to `INFO`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from raysal.acquisition.selection.top_k import Pick
from raysal.engine.base import Engine
from raysal.engine.config import EngineConfig
from raysal.engine.info import EngineInfo
from raysal.engine.jobs import EvaluateJob, Evaluation, KCenterJob, PartReport, PoolJob
from raysal.engine.local.engine import LocalEngine
from raysal.engine.sweep import run_in_turn
from raysal.engine.workers.train import AnyTrainJob
from raysal.training.job import EpochReport


class NotingEngine:
    """Wraps the in-process engine.

    Attributes:
        noted: class names of all jobs, and `close`, in the order of the calls.
    """

    def __init__(self, config: EngineConfig) -> None:
        self.noted: list[str] = []
        self._inner: Engine = LocalEngine(config)

    def check_storage(self, folder: Path, reads: Mapping[str, str]) -> None:
        """See `Engine.check_storage`."""
        self._inner.check_storage(folder, reads)

    def train(self, job: AnyTrainJob, on_epoch: Callable[[EpochReport], None]) -> None:
        """See `Engine.train`."""
        self.noted.append(type(job).__name__)
        self._inner.train(job, on_epoch)

    def over_pool(self, job: PoolJob, on_part: Callable[[PartReport], None]) -> None:
        """See `Engine.over_pool`."""
        self.noted.append(type(job).__name__)
        self._inner.over_pool(job, on_part)

    def k_center(self, job: KCenterJob) -> Iterator[Pick]:
        """See `Engine.k_center`."""
        self.noted.append(type(job).__name__)
        return self._inner.k_center(job)

    def evaluate(self, job: EvaluateJob, on_images: Callable[[int], None]) -> Evaluation:
        """See `Engine.evaluate`."""
        self.noted.append(type(job).__name__)
        return self._inner.evaluate(job, on_images)

    def close(self) -> None:
        """See `Engine.close`."""
        self.noted.append("close")
        self._inner.close()


INFO = EngineInfo(build=NotingEngine, run_experiments=run_in_turn)
