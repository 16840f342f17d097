"""The engine in this process: for tests, for machines without Ray, and as Ray's yardstick."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import torch

from raysal.acquisition.select import Pick
from raysal.engine.base import (
    EngineConfig,
    EvaluateJob,
    Evaluation,
    KCenterJob,
    PartReport,
    PoolJob,
)
from raysal.engine.core_set import k_center_here
from raysal.engine.evaluator import Evaluator
from raysal.engine.process import tune_process
from raysal.engine.trainings import AnyTrainJob, run_training
from raysal.engine.workers import make_worker
from raysal.training.device import cores, default_device
from raysal.training.job import EpochReport
from raysal.training.world import World

CPU_BATCH, GPU_BATCH = 4, 16
# What a layer costs apart from its pixels is shared by the images of a batch: of small ones twice
# as many go together until they have that many pixels, or fill a unit of the pool.
ENOUGH_PIXELS, MOST = CPU_BATCH * 120 * 160, 32


def score_batch(config: EngineConfig, device: torch.device, size: tuple[int, int]) -> int:
    """Images of `size` (height, width) per forward pass when scoring."""
    if config.score_batch != "auto":
        return config.score_batch
    if device.type == "cuda":
        return GPU_BATCH
    batch = CPU_BATCH
    while batch < MOST and batch * size[0] * size[1] < ENOUGH_PIXELS:
        batch *= 2
    return batch


class LocalEngine:
    """One process, all its cores, or its GPU."""

    def __init__(self, config: EngineConfig) -> None:
        self.config = config
        self.device = default_device()
        tune_process(cores() if config.threads == "auto" else config.threads)

    def check_storage(self, folder: Path, reads: Mapping[str, str]) -> None:
        """One process sees what it sees."""

    def train(self, job: AnyTrainJob, on_epoch: Callable[[EpochReport], None]) -> None:
        """See `Engine.train`."""
        run_training(job, World.alone(self.device), on_epoch)

    def over_pool(self, job: PoolJob, on_part: Callable[[PartReport], None]) -> None:
        """See `Engine.over_pool`."""
        units = job.missing_units()
        if not units:
            return
        threads = min(8, cores()) if self.device.type == "cuda" else 0
        batch = score_batch(self.config, self.device, job.size)
        worker = make_worker(job, batch, self.device, threads)
        for report in worker.work(units):
            on_part(report)

    def k_center(self, job: KCenterJob) -> Iterator[Pick]:
        """See `Engine.k_center`."""
        return k_center_here(job)

    def evaluate(self, job: EvaluateJob, on_images: Callable[[int], None]) -> Evaluation:
        """See `Engine.evaluate`."""
        items = job.dataset.items(job.split)
        result = Evaluator(job, self.device).evaluate(range(len(items)))
        on_images(len(items))
        return result

    def close(self) -> None:
        """Nothing was started."""
