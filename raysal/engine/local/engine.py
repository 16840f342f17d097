"""Running jobs in this process."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from raysal.acquisition.selection.top_k import Pick
from raysal.engine.config import EngineConfig
from raysal.engine.jobs import EvaluateJob, Evaluation, KCenterJob, PartReport, PoolJob
from raysal.engine.workers.core_set import k_center_here
from raysal.engine.workers.evaluate import Evaluator
from raysal.engine.workers.registry import make_worker, score_batch
from raysal.engine.workers.train import AnyTrainJob, run_training
from raysal.inference.cores import cores
from raysal.inference.device import default_device
from raysal.inference.process import tune_process
from raysal.training.job import EpochReport
from raysal.training.world import World


class LocalEngine:
    """Uses one process with all cores of the machine, or its GPU."""

    def __init__(self, config: EngineConfig) -> None:
        self.config = config
        self.device = default_device()
        tune_process(cores() if config.threads == "auto" else config.threads)

    def check_storage(self, folder: Path, reads: Mapping[str, str]) -> None:
        """See `Engine.check_storage`; there is a single machine, hence nothing to compare."""

    def train(self, job: AnyTrainJob, on_epoch: Callable[[EpochReport], None]) -> None:
        """See `Engine.train`."""
        run_training(job, World.alone(self.device), on_epoch)

    def over_pool(self, job: PoolJob, on_part: Callable[[PartReport], None]) -> None:
        """See `Engine.over_pool`."""
        units = job.missing_units()
        if not units:
            return
        threads = min(8, cores()) if self.device.type == "cuda" else 0
        batch = score_batch(self.config.score_batch, self.device, job.input_size)
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
        """See `Engine.close`; nothing was started."""
