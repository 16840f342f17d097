"""Jobs as they are sent to actors, which open a job once and then work on many pieces of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import ray

from raysal.data.pool.rows import Unit
from raysal.engine.config import EngineConfig
from raysal.engine.jobs import EvaluateJob, Evaluation, PartReport, PoolJob
from raysal.engine.workers.evaluate import Evaluator
from raysal.engine.workers.registry import make_worker, score_batch
from raysal.inference.cores import cores
from raysal.inference.device import default_device
from raysal.inference.process import tune_process


class Work(Protocol):
    """A job, and how to do it."""

    def open(self) -> Callable[[Any], Any]:
        """Load what the job needs, such as its model; returns what works on a piece of it.

        Raises:
            RaysalError, OSError: the job cannot be done.
        """


@dataclass(frozen=True)
class PoolWork:
    """A job over a pool, whose pieces are units."""

    job: PoolJob
    config: EngineConfig
    threads: int

    def open(self) -> Callable[[Sequence[Unit]], list[PartReport]]:
        """See `Work.open`; one report for each unit."""
        tune_process(self.threads)
        device = default_device()
        ahead = min(8, cores()) if device.type == "cuda" else 0
        batch = score_batch(self.config.score_batch, device, self.job.input_size)
        worker = make_worker(self.job, batch, device, ahead)
        node = ray.get_runtime_context().get_node_id()
        return lambda units: [replace(report, node=node) for report in worker.work(units)]


@dataclass(frozen=True)
class EvaluateWork:
    """An evaluation, whose pieces are ranges of the items of the split."""

    job: EvaluateJob
    threads: int

    def open(self) -> Callable[[range], Evaluation]:
        """See `Work.open`."""
        tune_process(self.threads)
        return Evaluator(self.job, default_device()).evaluate
