"""Pool jobs and evaluation, divided among actors.

On a machine of its own, raysal keeps a crew of actors from job to job. On a cluster, Ray Data runs
them, and starts more as nodes join.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from raysal.engine.config import EngineConfig
from raysal.engine.jobs import EvaluateJob, Evaluation, PartReport, PoolJob
from raysal.engine.on_ray.crew import Crew
from raysal.engine.on_ray.plan import Plan
from raysal.engine.on_ray.pool_work import EvaluateWork, PoolWork, Work

EVALUATE_ITEMS = 8
# Units per call of an actor; several on GPUs, so that decoding runs ahead from unit to unit.
CPU_UNITS, GPU_UNITS = 1, 8


def over_pool(
    job: PoolJob,
    plan: Plan,
    config: EngineConfig,
    crew: Crew | None,
    on_part: Callable[[PartReport], None],
) -> None:
    """Make the missing parts. A dead actor is replaced, and its unfinished units are repeated.

    Args:
        crew: actors that are kept; None for those of Ray Data.
    """
    units, size = job.missing_units(), GPU_UNITS if plan.gpus else CPU_UNITS
    pieces = [units[start : start + size] for start in range(0, len(units), size)]
    for reports in _do(PoolWork(job, config, plan.threads), pieces, plan, config, crew):
        for report in reports:
            on_part(report)


def evaluate(
    job: EvaluateJob,
    plan: Plan,
    config: EngineConfig,
    crew: Crew | None,
    on_images: Callable[[int], None],
) -> Evaluation:
    """Sum the confusion matrices of ranges of the split."""
    classes = len(job.dataset.class_names)
    total = Evaluation([[0] * classes for _ in range(classes)])
    images = len(job.dataset.items(job.split))
    pieces = [
        range(start, min(start + EVALUATE_ITEMS, images))
        for start in range(0, images, EVALUATE_ITEMS)
    ]
    for part in _do(EvaluateWork(job, plan.threads), pieces, plan, config, crew):
        total.confusion = (np.array(total.confusion) + np.array(part.confusion)).tolist()
        total.images += part.images
        total.bad += part.bad
        on_images(part.images)
    total.bad.sort()
    return total


def _do(
    work: Work, pieces: Sequence[Any], plan: Plan, config: EngineConfig, crew: Crew | None
) -> Iterator[Any]:
    """The results of all pieces, in the order in which they arrive."""
    if not pieces:
        return iter(())
    if crew is not None:
        return crew.do(work, pieces)
    # Takes most of a second, and three processes of Ray's own.
    from raysal.engine.on_ray.data_actors import on_data

    return on_data(work, pieces, plan, config)
