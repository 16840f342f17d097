"""Which worker does which job."""

from __future__ import annotations

from typing import Any

import torch

from raysal.engine.base import CalibrateJob, ExtendJob, PoolJob, RegionJob, ScoreJob
from raysal.engine.calibrate_worker import CalibrateWorker
from raysal.engine.extend_worker import ExtendWorker
from raysal.engine.pool_worker import PoolWorker
from raysal.engine.region_worker import RegionWorker
from raysal.engine.scorer import Scorer

WORKERS: dict[type[PoolJob], type[PoolWorker[Any, Any]]] = {
    ScoreJob: Scorer,
    RegionJob: RegionWorker,
    ExtendJob: ExtendWorker,
    CalibrateJob: CalibrateWorker,
}


def make_worker(
    job: PoolJob, batch_size: int, device: torch.device, decode_threads: int
) -> PoolWorker[Any, Any]:
    """The worker for a job; see `PoolWorker` for what it raises."""
    return WORKERS[type(job)](job, batch_size, device, decode_threads)
