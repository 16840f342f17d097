"""Pieces of work on Ray Data, with one actor per GPU or core, on a cluster whose nodes may change.

The rows of the data set are the pieces, which are names of what is to be done: each actor reads,
decodes, computes and writes by itself, so that the memory of the driver and the object store does
not depend on the size of the pool.
"""

from __future__ import annotations

import pickle
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import ray.data
from ray.data import ActorPoolStrategy, DataContext
from ray.data.exceptions import ExecutionTimeoutError

from raysal.engine.config import EngineConfig
from raysal.engine.on_ray.cluster import quiet
from raysal.engine.on_ray.failure import REPORTED, no_progress, pack, raise_packed
from raysal.engine.on_ray.plan import Plan
from raysal.engine.on_ray.pool_work import Work

# Calls in the queue of an actor; Ray Data starts more actors when all queues are full.
IN_FLIGHT = 2
# The driver keeps data about every block, so longer lists have several pieces per block.
MAX_BLOCKS = 2000


def on_data(work: Work, pieces: Sequence[Any], plan: Plan, config: EngineConfig) -> Iterator[Any]:
    """The results of all pieces, in the order in which they arrive. A dead actor is replaced, and
    its unfinished pieces are repeated.

    Raises:
        ClusterError: nothing was finished for `engine.no_progress_timeout_s`.
        RaysalError, OSError: see `Work`.
    """
    _set_up(config)
    rows = [{"piece": pickle.dumps(piece)} for piece in pieces]
    data = ray.data.from_items(rows, override_num_blocks=min(len(rows), MAX_BLOCKS)).map_batches(
        _Actor,
        fn_constructor_kwargs={"work": work},
        batch_size=1,
        compute=actors(plan, len(rows)),
        num_cpus=plan.actor_cpus,
        **({"num_gpus": 1} if plan.gpus else {}),
    )
    try:
        for row in data.iter_rows():
            raise_packed(row["error"])
            yield pickle.loads(row["result"])
    except ExecutionTimeoutError as error:
        raise no_progress(config) from error


def actors(plan: Plan, pieces: int) -> ActorPoolStrategy:
    """As many actors as have room now, and more as nodes join if the plan `grows`."""
    now = min(plan.score_actors, pieces)
    if not plan.grows:
        return ActorPoolStrategy(size=now, max_tasks_in_flight_per_actor=IN_FLIGHT)
    return ActorPoolStrategy(
        min_size=1, initial_size=now, max_size=pieces, max_tasks_in_flight_per_actor=IN_FLIGHT
    )


def _set_up(config: EngineConfig) -> None:
    """Turn off Ray Data's progress bars and logs, and limit the time without progress."""
    context = DataContext.get_current()
    context.execution_no_progress_timeout_s = config.no_progress_timeout_s
    context.enable_progress_bars = False
    context.print_on_execution_start = False
    quiet()


class _Actor:
    """Has opened the work, with its model, for many pieces."""

    def __init__(self, work: Work) -> None:
        self.problem = ""
        try:
            self.do = work.open()
        except REPORTED as error:
            self.problem = pack(error)

    def __call__(self, batch: dict[str, np.ndarray]) -> dict[str, Any]:
        result, problem = b"", self.problem
        if not problem:
            try:
                result = pickle.dumps(self.do(pickle.loads(batch["piece"][0])))
            except REPORTED as error:
                problem = pack(error)
        return {"result": [result], "error": [problem]}
