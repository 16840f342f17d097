"""Pool jobs and evaluation on Ray Data, with one actor per GPU or core.

The rows of the data set are the units of the pool (or ranges of a split). Only their names pass
through Ray: each actor reads, decodes, computes and writes by itself, so that the memory of the
driver and the object store does not depend on the size of the pool.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import ray
import ray.data
from ray.data import ActorPoolStrategy
from ray.data.exceptions import ExecutionTimeoutError

from raysal.data.pool.rows import Unit
from raysal.engine.config import EngineConfig
from raysal.engine.jobs import EvaluateJob, Evaluation, PartReport, PoolJob
from raysal.engine.on_ray.failure import REPORTED, pack, raise_packed
from raysal.engine.on_ray.plan import Plan
from raysal.engine.workers.evaluate import Evaluator
from raysal.engine.workers.registry import make_worker, score_batch
from raysal.errors import ClusterError
from raysal.inference.device import cores, default_device
from raysal.inference.process import tune_process

Row = dict[str, Any]
EVALUATE_ITEMS = 8
# Units per call of an actor; several on GPUs, so that decoding runs ahead from unit to unit.
CPU_UNITS, GPU_UNITS = 1, 8
# Calls in the queue of an actor; Ray Data starts more actors when all queues are full.
IN_FLIGHT = 2
# The driver keeps data about every block, so larger pools have several units per block.
MAX_BLOCKS = 2000


def over_pool(
    job: PoolJob, plan: Plan, config: EngineConfig, on_part: Callable[[PartReport], None]
) -> None:
    """Make the missing parts. A dead actor is replaced, and its unfinished units are repeated."""
    units = job.missing_units()
    rows = [{"shard": u.shard, "row_group": u.row_group, "rows": u.rows} for u in units]
    options = {"job": job, "config": config, "threads": plan.threads}
    size = GPU_UNITS if plan.gpus else CPU_UNITS
    for row in _map(_PoolActor, options, rows, size, plan):
        images, bad, kept, worker = (int(row[n]) for n in ("images", "bad", "kept", "worker"))
        on_part(
            PartReport(images, bad, kept, worker, row["finished_s"], row["peak_mib"], row["node"])
        )


def evaluate(job: EvaluateJob, plan: Plan, on_images: Callable[[int], None]) -> Evaluation:
    """Sum the confusion matrices of ranges of the split."""
    classes = len(job.dataset.class_names)
    total = Evaluation([[0] * classes for _ in range(classes)])
    items = job.dataset.items(job.split)
    rows = [
        {"start": start, "stop": min(start + EVALUATE_ITEMS, len(items))}
        for start in range(0, len(items), EVALUATE_ITEMS)
    ]
    options = {"job": job, "threads": plan.threads}
    for row in _map(_EvaluateActor, options, rows, 1, plan):
        total.confusion = (np.array(total.confusion) + np.array(row["confusion"])).tolist()
        total.images += int(row["images"])
        total.bad += [(i, reason) for i, reason in zip(*row["bad"], strict=True)]
        on_images(int(row["images"]))
    total.bad.sort()
    return total


def _map(
    worker: type, options: dict[str, Any], rows: list[Row], batch_size: int, plan: Plan
) -> Iterator[Row]:
    """Pass `rows` through a pool of actors and yield the results in the order they arrive."""
    if not rows:
        return
    calls = -(-len(rows) // batch_size)
    data = ray.data.from_items(rows, override_num_blocks=min(calls, MAX_BLOCKS)).map_batches(
        worker,
        fn_constructor_kwargs=options,
        batch_size=batch_size,
        compute=_actors(plan, calls),
        num_cpus=plan.actor_cpus,
        **({"num_gpus": 1} if plan.gpus else {}),
    )
    try:
        for row in data.iter_rows():
            raise_packed(row["error"])
            yield row
    except ExecutionTimeoutError as error:
        seconds = data.context.execution_no_progress_timeout_s
        raise ClusterError(
            f"no progress in {seconds:g} s (engine.no_progress_timeout_s): the cluster has no "
            "room for the workers, or storage hangs; run again to continue"
        ) from error


def _actors(plan: Plan, calls: int) -> ActorPoolStrategy:
    """As many actors as have room now, and more as nodes join if the plan `grows`."""
    now = min(plan.score_actors, calls)
    if not plan.grows:
        return ActorPoolStrategy(size=now, max_tasks_in_flight_per_actor=IN_FLIGHT)
    return ActorPoolStrategy(
        min_size=1, initial_size=now, max_size=calls, max_tasks_in_flight_per_actor=IN_FLIGHT
    )


class _PoolActor:
    """Keeps a worker, with its model, for many units."""

    def __init__(self, job: PoolJob, config: EngineConfig, threads: int) -> None:
        tune_process(threads)
        self.problem = ""
        self.node = ray.get_runtime_context().get_node_id()
        device = default_device()
        ahead = min(8, cores()) if device.type == "cuda" else 0
        try:
            batch = score_batch(config.score_batch, device, job.input_size)
            self.worker = make_worker(job, batch, device, ahead)
        except REPORTED as error:
            self.problem = pack(error)

    def __call__(self, batch: dict[str, np.ndarray]) -> dict[str, Any]:
        if self.problem:
            return _problem(self.problem)
        units = [
            Unit(str(shard), int(row_group), int(rows))
            for shard, row_group, rows in zip(
                batch["shard"], batch["row_group"], batch["rows"], strict=True
            )
        ]
        try:
            reports = list(self.worker.work(units))
        except REPORTED as error:
            return _problem(pack(error))
        return _columns(reports, self.node, "")


def _problem(packed: str) -> dict[str, Any]:
    nothing = PartReport(images=0, bad=0, kept=0, worker=0, finished_s=0.0, peak_mib=0.0)
    return _columns([nothing], "", packed)


def _columns(reports: list[PartReport], node: str, error: str) -> dict[str, Any]:
    """Reports as a batch of Ray Data: a list per column."""
    return {
        "images": [r.images for r in reports],
        "bad": [r.bad for r in reports],
        "kept": [r.kept for r in reports],
        "worker": [r.worker for r in reports],
        "finished_s": [r.finished_s for r in reports],
        "peak_mib": [r.peak_mib for r in reports],
        "node": [node] * len(reports),
        "error": [error] * len(reports),
    }


class _EvaluateActor:
    """Keeps an evaluator, with its model, for many ranges of a split."""

    def __init__(self, job: EvaluateJob, threads: int) -> None:
        tune_process(threads)
        self.problem = ""
        try:
            self.evaluator = Evaluator(job, default_device())
        except REPORTED as error:
            self.problem = pack(error)

    def __call__(self, batch: dict[str, np.ndarray]) -> dict[str, Any]:
        nothing = {"confusion": [[[0]]], "images": [0], "bad": [[[], []]]}
        if self.problem:
            return {**nothing, "error": [self.problem]}
        try:
            result = self.evaluator.evaluate(range(int(batch["start"][0]), int(batch["stop"][0])))
        except REPORTED as error:
            return {**nothing, "error": [pack(error)]}
        ids, reasons = [i for i, _ in result.bad], [reason for _, reason in result.bad]
        return {
            "confusion": [result.confusion],
            "images": [result.images],
            "bad": [[ids, reasons]],
            "error": [""],
        }
