"""Actors on a machine of raysal's own that are kept from job to job.

Starting a process that can score takes three seconds of a core, mostly to import torch, which is
more than many a stage of a small run takes. So the processes stay, and open one job after another.
"""

from __future__ import annotations

import uuid
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any

import ray

from raysal.engine.config import EngineConfig
from raysal.engine.on_ray.failure import REPORTED, no_progress, pack, raise_packed
from raysal.engine.on_ray.plan import WORKER_CPUS, Plan

if TYPE_CHECKING:
    from raysal.engine.on_ray.pool_work import Work

# What a member imports when it starts, and the driver does not need to start it.
WORK = "raysal.engine.on_ray.pool_work"
# Calls in the queue of a member, so that it does not wait for the driver.
IN_FLIGHT = 2
# A process that has grown larger is not kept: the training that follows may need the memory.
KEPT_MIB = 1024.0


class Crew:
    """Runs one job at a time. Ray restarts a member that dies, and repeats what it was doing."""

    def __init__(self, plan: Plan, config: EngineConfig) -> None:
        self._size, self.config = plan.score_actors, config
        self._members: list[Any] = []

    @property
    def members(self) -> int:
        """Number of members."""
        return len(self._members)

    def gather(self, wanted: int) -> None:
        """Start members until there are `wanted`, at most as many as have room; does not wait."""
        # Ray restarts a dead one and repeats its calls, however often, as Ray Data does.
        member = ray.remote(num_cpus=WORKER_CPUS, max_restarts=-1, max_task_retries=-1)(PoolActor)
        while len(self._members) < min(wanted, self._size):
            self._members.append(member.remote())

    def dismiss(self) -> None:
        """Stop all members; later jobs start new ones."""
        for member in self._members:
            ray.kill(member)
        self._members = []

    def do(self, work: Work, pieces: Sequence[Any]) -> Iterator[Any]:
        """The results of all pieces, in the order in which they arrive.

        Raises:
            ClusterError: nothing was finished for `engine.no_progress_timeout_s`.
            RaysalError, OSError: see `Work`.
        """
        self.gather(len(pieces))
        large = False
        try:
            for result, problem, mib in self._answers(work, pieces):
                raise_packed(problem)
                large |= mib > KEPT_MIB
                yield result
        except BaseException:  # Also if whoever asked does not want the rest.
            # Without handles they end by themselves, when they have done what they were told. Of
            # calls to actors that were killed, Ray prints that it will repeat them.
            self._members = []
            raise
        if large:
            self.dismiss()

    def _answers(self, work: Work, pieces: Sequence[Any]) -> Iterator[tuple[Any, str, float]]:
        # In a list, so that Ray does not fetch the work anew for each call.
        name, sent = uuid.uuid4().hex, [ray.put(work)]
        waiting: dict[Any, Any] = {}
        rest = deque(pieces)
        members = self._members * IN_FLIGHT
        while rest or waiting:
            while rest and members:
                member = members.pop(0)
                waiting[member.do.remote(name, sent, rest.popleft())] = member
            timeout_s = self.config.no_progress_timeout_s
            done, _ = ray.wait(list(waiting), num_returns=1, timeout=timeout_s)
            if not done:
                self.dismiss()
                raise no_progress(self.config)
            members.append(waiting.pop(done[0]))
            yield ray.get(done[0])


class PoolActor:
    """A member of a crew: keeps the job that it opened last."""

    def __init__(self) -> None:
        import_module(WORK)
        self._name = ""
        self._do: Callable[[Any], Any] | None = None

    def do(self, name: str, sent: list[Any], piece: Any) -> tuple[Any, str, float]:
        """The result of a piece, a packed error or an empty string, and the process's MiB.

        Args:
            name: of the job; another one is opened.
            sent: reference of the `Work`.
        """
        from raysal.inference.process import memory_mib

        try:
            if self._do is None or name != self._name:
                self._do = None
                self._do = ray.get(sent[0]).open()
                self._name = name
            return self._do(piece), "", memory_mib("now")
        except REPORTED as error:
            return None, pack(error), memory_mib("now")
