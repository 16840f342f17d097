"""What the rest of the code may know about an engine."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from raysal.engine.base import Engine, SimulatedNodes
    from raysal.engine.config import EngineConfig
    from raysal.engine.sweep import SweepJob, SweepWatch


@dataclass(frozen=True)
class EngineInfo:
    """Describes an engine: how it is built and what it can do.

    Code whose behaviour depends on the engine reads these attributes; it never compares names.
    The functions import the engine when they are called, so that reading the description loads
    neither torch nor Ray.

    Attributes:
        build: make the engine. Raises ClusterError if the cluster cannot be reached or is too
            small.
        start_early: as `raysal.engine.build.engine_early`; None if the engine starts at once.
        run_experiments: run the experiments of a sweep; see `raysal.engine.build`.
        parallel_trials: `run_experiments` can run several experiments at a time, in other
            processes. Otherwise they run one after the other in this process, each to its end,
            and show their own progress.
        distributed: jobs are divided among several processes.
        simulate_nodes: start a cluster of (count) nodes with (cpus) CPUs each on this machine, for
            tests and benchmarks; None if the engine has no nodes.
    """

    build: Callable[[EngineConfig], Engine]
    run_experiments: Callable[[SweepJob, EngineConfig, SweepWatch], None]
    start_early: Callable[[EngineConfig], AbstractContextManager[Callable[[], Engine]]] | None = (
        None
    )
    parallel_trials: bool = False
    distributed: bool = False
    simulate_nodes: Callable[[int, int], AbstractContextManager[SimulatedNodes]] | None = None
