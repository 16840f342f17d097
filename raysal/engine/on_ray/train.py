"""Training on Ray Train, in processes that are replaced when they die."""

from __future__ import annotations

import contextlib
import json
import math
import os
import shutil
import uuid
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import ray.train
from pydantic import TypeAdapter, ValidationError
from ray.train import (
    ControllerError,
    FailureConfig,
    RunConfig,
    ScalingConfig,
    TrainingFailedError,
)
from ray.train.torch import TorchConfig, TorchTrainer, get_device

from raysal.engine.config import EngineConfig
from raysal.engine.on_ray.failure import REPORTED, pack, raise_packed
from raysal.engine.on_ray.plan import WORKER_CPUS, Plan, train_threads
from raysal.engine.on_ray.polling import polled
from raysal.engine.on_ray.private import TRAIN_START_TIMEOUT
from raysal.engine.on_ray.private_train import WorkerGroupStartupTimeoutError
from raysal.engine.on_ray.train_here import FAILURE, PROGRESS, remove_reports
from raysal.engine.workers.train import AnyTrainJob, run_training
from raysal.errors import ClusterError, TrainingError
from raysal.inference.process import tune_process
from raysal.storage.atomic import write_bytes
from raysal.training.job import EpochReport
from raysal.training.world import World

POLL_S = 0.5
_EPOCH = TypeAdapter(EpochReport)
START_TIMEOUT_S = float(os.environ.get(TRAIN_START_TIMEOUT, 60))


def train(
    job: AnyTrainJob, plan: Plan, config: EngineConfig, on_epoch: Callable[[EpochReport], None]
) -> None:
    """Run a training on `job.workers` workers. Dead workers are replaced, and training continues
    from the last epoch.

    Raises:
        TrainingError: workers died more often than `engine.max_failures` allows; or see
            `run_training`.
        ClusterError: the cluster has no room for the workers any more. Their number is part of
            the experiment, so that training waits for a lost node instead of using fewer workers.
    """
    # For Ray Train's own records. The training writes its checkpoints itself, so that it resumes
    # alike on all engines.
    storage = job.out / "ray_train"
    progress, failure = job.out / PROGRESS, job.out / FAILURE
    remove_reports(job.out)
    trainer = TorchTrainer(
        _worker,
        train_loop_config={"job": job, "threads": train_threads(plan, config, job.workers)},
        torch_config=TorchConfig(backend="nccl" if plan.gpus else "gloo"),
        scaling_config=ScalingConfig(
            num_workers=job.workers,
            use_gpu=plan.gpus > 0,
            resources_per_worker={"CPU": WORKER_CPUS, **({"GPU": 1} if plan.gpus else {})},
            # GPUs of one node communicate fastest. On CPUs, `threads` assumes that every node runs
            # an equal number of workers.
            placement_strategy="PACK" if plan.gpus else "SPREAD",
        ),
        run_config=RunConfig(
            name=uuid.uuid4().hex,
            storage_path=str(storage.absolute()),
            failure_config=FailureConfig(
                max_failures=config.max_failures,
                controller_failure_limit=math.ceil(config.no_progress_timeout_s / START_TIMEOUT_S),
            ),
        ),
    )
    try:
        with polled(_Progress(progress, on_epoch).pass_on, POLL_S):
            result = trainer.fit()
    except TrainingFailedError as error:
        if failure.exists():
            raise_packed(failure.read_text())
        if isinstance(error, ControllerError):
            if isinstance(error.controller_failure, WorkerGroupStartupTimeoutError):
                raise ClusterError(
                    f"no room for train.workers={job.workers} in "
                    f"{config.no_progress_timeout_s:g} s (engine.no_progress_timeout_s): nodes "
                    "were lost or other jobs use them; run again to continue from the last "
                    "finished epoch"
                ) from error
            raise TrainingError(
                f"the training workers of round {job.round_index} could not be started: "
                f"{_last_line(error)}"
            ) from error
        raise TrainingError(
            f"the training workers of round {job.round_index} died more than "
            f"{config.max_failures} times (engine.max_failures): {_last_line(error)}; run again "
            "to continue from the last finished epoch"
        ) from error
    finally:
        shutil.rmtree(storage, ignore_errors=True)
    raise_packed(result.return_value or "")
    progress.unlink(missing_ok=True)


def _worker(config: dict[str, Any]) -> str:
    """Run one training worker; returns a packed error, or an empty string."""
    job: AnyTrainJob = config["job"]
    context = ray.train.get_context()
    tune_process(config["threads"])
    world = World(context.get_world_rank(), context.get_world_size(), get_device())
    failure = job.out / FAILURE
    if failure.exists():
        raise RuntimeError("a worker failed with an error that a retry does not fix")

    def report(epoch: EpochReport) -> None:
        if world.rank == 0:
            with (job.out / PROGRESS).open("a") as file:
                file.write(json.dumps(asdict(epoch)) + "\n")
        ray.train.report(asdict(epoch))

    try:
        run_training(job, world, report)
    except REPORTED as error:
        if world.size == 1:
            return pack(error)
        # The other workers may be waiting for this one in a collective operation, and Ray stops
        # them only if this one fails. The file tells the driver and the next attempt why.
        with contextlib.suppress(OSError):
            write_bytes(failure, pack(error).encode())
        raise
    return ""


class _Progress:
    """Reports the epochs that the worker of rank 0 appends to a file on shared storage."""

    def __init__(self, path: Path, on_epoch: Callable[[EpochReport], None]) -> None:
        self._path, self._on_epoch = path, on_epoch
        self._seen = 0

    def pass_on(self) -> None:
        """Report the lines that were added since the last call."""
        lines = _lines(self._path)
        for line in lines[self._seen :]:
            # A worker that was killed while it wrote leaves a line that is none.
            with contextlib.suppress(ValidationError):
                self._on_epoch(_EPOCH.validate_json(line))
        self._seen = len(lines)


def _lines(path: Path) -> list[bytes]:
    """The complete lines of a file that another process appends to."""
    try:
        text = path.read_bytes()
    except FileNotFoundError:
        return []
    return text[: text.rfind(b"\n") + 1].splitlines()


def _last_line(error: Exception) -> str:
    lines = [line for line in str(error).splitlines() if line.strip()]
    return lines[-1] if lines else type(error).__name__
