"""Starting Ray, and the processes that will score, while the driver still imports torch."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

import ray

from raysal.engine.config import EngineConfig
from raysal.engine.on_ray.cluster import connect
from raysal.engine.on_ray.crew import Crew
from raysal.engine.on_ray.plan import Plan, plan
from raysal.errors import ClusterError

if TYPE_CHECKING:
    from raysal.engine.base import Engine

ENGINE = "raysal.engine.on_ray.engine"


@dataclass(frozen=True)
class Started:
    """A Ray that was joined or started.

    Attributes:
        ours: whether this process has to shut it down.
        crew: actors that are kept from job to job; None where Ray Data starts them.
    """

    ours: bool
    plan: Plan
    crew: Crew | None

    def stop(self) -> None:
        """Stop what was started."""
        if self.crew is not None:
            self.crew.dismiss()
        if self.ours:
            ray.shutdown()


def start(config: EngineConfig) -> Started:
    """Join or start Ray.

    Raises:
        ClusterError: the cluster cannot be reached or is too small.
    """
    ours = connect(config)
    try:
        made = plan(config)
    except BaseException:
        if ours:
            ray.shutdown()
        raise
    keeps = made.here_only and not made.grows and not made.gpus
    return Started(ours, made, Crew(made, config) if keeps else None)


@contextlib.contextmanager
def started_early(
    config: EngineConfig, build: Callable[[EngineConfig, Started | None], Engine]
) -> Iterator[Callable[[], Engine]]:
    """See `raysal.engine.build.engine_early`.

    Args:
        build: makes the engine, on the Ray that was started if there is one.
    """
    if config.address or os.environ.get("RAY_ADDRESS"):
        # Joining takes no time, and whoever shares a cluster is not disturbed for nothing.
        yield lambda: build(config, None)
        return
    # Torch is imported in the meantime. Ray itself must start in the main thread, for its signals.
    importing = threading.Thread(target=import_module, args=(ENGINE,), daemon=True)
    importing.start()
    started: Started | None = None
    try:
        # What is wrong is said where it was said before: when the engine is needed.
        with contextlib.suppress(ClusterError):
            started = start(config)
            if started.crew is not None:
                started.crew.gather(started.plan.score_actors)
        taken = False

        def make() -> Engine:
            nonlocal taken
            ready, taken = None if taken else started, True
            return build(config, ready)

        try:
            yield make
        finally:
            if started is not None and not taken:
                started.stop()
    finally:
        importing.join()
