"""Core-set with the candidates' features divided among actors.

Each actor reads its own features from storage. The driver keeps all steps so far, so that it can
repeat them to the actor that replaces a dead one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import ray
from ray.exceptions import GetTimeoutError, RayActorError

from raysal.acquisition.selection.k_center import Found
from raysal.acquisition.selection.top_k import Pick
from raysal.engine.config import EngineConfig
from raysal.engine.jobs import KCenterJob
from raysal.engine.on_ray.failure import REPORTED, pack, raise_packed
from raysal.engine.on_ray.plan import WORKER_CPUS, Plan
from raysal.engine.workers import core_set
from raysal.engine.workers.core_set import Stretch, load_shard, stretches
from raysal.errors import ClusterError
from raysal.inference.process import tune_process

Step = tuple[np.ndarray, int | None]
"""Arguments of `Shards.step`."""
Answer = tuple[Found, str]
"""What a shard found, and a packed error or an empty string."""


def k_center(job: KCenterJob, plan: Plan, config: EngineConfig) -> Iterator[Pick]:
    """See `Engine.k_center`. If one process can hold all candidates, the driver does the work.

    Raises:
        ClusterError: the cluster has too few CPUs for the actors, actors died more often than
            `engine.max_failures` allows, or one did not answer in time.
    """
    pieces = stretches(job.pool, config.vectors_per_actor)
    if len(pieces) == 1:
        yield from core_set.k_center_here(job)
        return
    shards = ActorShards(job, pieces, plan, config)
    try:
        yield from core_set.k_center(job, shards)
    finally:
        shards.close()


def is_divided(job: KCenterJob, config: EngineConfig) -> bool:
    """Whether the candidates are too many for one process."""
    return len(stretches(job.pool, config.vectors_per_actor)) > 1


class ActorShards:
    """An actor for each stretch of the pool; see `raysal.acquisition.selection.k_center.Shards`."""

    def __init__(
        self, job: KCenterJob, pieces: Sequence[Stretch], plan: Plan, config: EngineConfig
    ) -> None:
        room = int((plan.cpus - 1) / WORKER_CPUS / config.side_by_side)
        if len(pieces) > room:
            raise ClusterError(
                f"core-set divides {job.pool.images} images among {len(pieces)} actors "
                f"(engine.vectors_per_actor = {config.vectors_per_actor}), but the cluster's "
                f"{plan.cpus:g} CPUs have room for {room}; raise it if memory allows, or add nodes"
            )
        self._job, self._pieces, self._config = job, pieces, config
        self._threads = plan.threads
        self._steps: list[Step] = []
        self._deaths = 0
        self._actors = [self._start(piece) for piece in pieces]

    def draw(self, seed: int, round_index: int) -> list[Found]:
        """See `Shards.draw`."""
        return self._ask_all(lambda actor, new: actor.draw.remote(seed, round_index))

    def step(self, centres_KD: np.ndarray, taken: int | None) -> list[Found]:
        """See `Shards.step`."""
        self._steps.append((centres_KD, taken))
        return self._ask_all(
            lambda actor, new: actor.play.remote(self._steps if new else self._steps[-1:])
        )

    def close(self) -> None:
        """Stop the actors."""
        for actor in self._actors:
            ray.kill(actor)

    def _start(self, piece: Stretch) -> Any:
        # Spread over the nodes, because each actor needs much memory.
        actor = ray.remote(num_cpus=WORKER_CPUS, scheduling_strategy="SPREAD")(_ShardActor)
        return actor.remote(self._job, piece, self._threads)

    def _ask_all(self, ask: Callable[[Any, bool], Any]) -> list[Found]:
        """Ask all actors at once; `ask` takes an actor and whether it has just been started."""
        waiting = [ask(actor, False) for actor in self._actors]
        return [self._answer(index, reply, ask) for index, reply in enumerate(waiting)]

    def _answer(self, index: int, reply: Any, ask: Callable[[Any, bool], Any]) -> Found:
        timeout_s = self._config.no_progress_timeout_s
        while True:
            try:
                answer: Answer = ray.get(reply, timeout=timeout_s)
            except RayActorError as error:
                reply = ask(self._replace(index, error), True)
                continue
            except GetTimeoutError as error:
                raise ClusterError(
                    f"no progress in {timeout_s:g} s (engine.no_progress_timeout_s): the cluster "
                    "has no room for the actors of core-set, or storage hangs; run again to "
                    "continue"
                ) from error
            found, problem = answer
            raise_packed(problem)
            return found

    def _replace(self, index: int, error: RayActorError) -> Any:
        self._deaths += 1
        if self._deaths > self._config.max_failures * len(self._pieces):
            reason = str(error).splitlines()[0]
            raise ClusterError(
                f"actors of core-set died {self._deaths} time(s), which is more than "
                f"engine.max_failures allows ({reason}); if memory is short, lower "
                f"engine.vectors_per_actor (now {self._config.vectors_per_actor}), and run again"
            ) from error
        ray.kill(self._actors[index])  # It may be alive, but unreachable.
        self._actors[index] = self._start(self._pieces[index])
        return self._actors[index]


class _ShardActor:
    """Holds the features of one stretch, and their smallest distance to the centres so far."""

    def __init__(self, job: KCenterJob, piece: Stretch, threads: int) -> None:
        tune_process(threads)
        self.problem = ""
        try:
            self.shard = load_shard(job, piece)
        except REPORTED as error:
            self.problem = pack(error)

    def draw(self, seed: int, round_index: int) -> Answer:
        if self.problem:
            return [], self.problem
        return self.shard.draw(seed, round_index), ""

    def play(self, steps: Sequence[Step]) -> Answer:
        """Do several steps; returns the answer to the last one."""
        if self.problem:
            return [], self.problem
        for step in steps:
            found = self.shard.step(*step)
        return found, ""
