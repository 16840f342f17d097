"""The worker for each kind of job, and its batch size."""

from __future__ import annotations

from typing import Any, Literal

import torch

from raysal.engine.jobs import (
    CalibrateJob,
    ExtendJob,
    PoolJob,
    PredictJob,
    RegionJob,
    ScoreJob,
)
from raysal.engine.workers.base import PoolWorker
from raysal.engine.workers.calibrate import CalibrateWorker
from raysal.engine.workers.extend import ExtendWorker
from raysal.engine.workers.extend_scenes import SceneCalibrateWorker, SceneExtendWorker
from raysal.engine.workers.predict import Predictor
from raysal.engine.workers.region_scenes import SceneRegionWorker
from raysal.engine.workers.regions import RegionWorker
from raysal.engine.workers.score import Scorer
from raysal.engine.workers.score_scenes import SceneScorer

WORKERS: dict[type[PoolJob], type[PoolWorker[Any, Any]]] = {
    ScoreJob: Scorer,
    PredictJob: Predictor,
    RegionJob: RegionWorker,
    ExtendJob: ExtendWorker,
    CalibrateJob: CalibrateWorker,
}

ON_SCENES: dict[type[PoolJob], type[PoolWorker[Any, Any]]] = {
    ScoreJob: SceneScorer,
    PredictJob: Predictor,
    RegionJob: SceneRegionWorker,
    ExtendJob: SceneExtendWorker,
    CalibrateJob: SceneCalibrateWorker,
}


def make_worker(
    job: PoolJob, batch_size: int, device: torch.device, decode_threads: int
) -> PoolWorker[Any, Any]:
    """The worker for a job; see `PoolWorker` for what it raises."""
    workers = WORKERS if job.tile is None else ON_SCENES
    return workers[type(job)](job, batch_size, device, decode_threads)


CPU_BATCH, GPU_BATCH = 4, 16
# Each layer has a fixed cost, which the images of a batch share. The batch is doubled for small
# images until it has ENOUGH_PIXELS, or MOST images, which is a unit of the pool.
ENOUGH_PIXELS, MOST = CPU_BATCH * 120 * 160, 32


def score_batch(setting: Literal["auto"] | int, device: torch.device, size: tuple[int, int]) -> int:
    """Images per forward pass, from `engine.score_batch` and their size (height, width)."""
    if setting != "auto":
        return setting
    if device.type == "cuda":
        return GPU_BATCH
    batch = CPU_BATCH
    while batch < MOST and batch * size[0] * size[1] < ENOUGH_PIXELS:
        batch *= 2
    return batch
