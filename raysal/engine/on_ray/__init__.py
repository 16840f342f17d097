"""The engine on Ray: Train for training, Data for scoring and evaluation, Tune for sweeps.

Ray is imported by the functions below, when they are called: each trial of a sweep is a process
that imports this package and must start fast.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from raysal.engine.info import EngineInfo

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from raysal.engine.base import Engine, SimulatedNodes
    from raysal.engine.config import EngineConfig
    from raysal.engine.on_ray.start import Started
    from raysal.engine.sweep import SweepJob, SweepWatch


def _build(config: EngineConfig, started: Started | None = None) -> Engine:
    from raysal.engine.on_ray.engine import RayEngine

    return RayEngine(config, started)


def _start_early(config: EngineConfig) -> AbstractContextManager[Callable[[], Engine]]:
    from raysal.engine.on_ray.start import started_early

    return started_early(config, _build)


def _run_experiments(job: SweepJob, config: EngineConfig, watch: SweepWatch) -> None:
    from raysal.engine.on_ray.sweep import run_on_ray

    run_on_ray(job, config, watch)


def _simulate_nodes(count: int, cpus: int) -> AbstractContextManager[SimulatedNodes]:
    from raysal.engine.on_ray.simulated import simulated_nodes

    return simulated_nodes(count, cpus)


INFO = EngineInfo(
    build=_build,
    start_early=_start_early,
    run_experiments=_run_experiments,
    parallel_trials=True,
    distributed=True,
    simulate_nodes=_simulate_nodes,
)
