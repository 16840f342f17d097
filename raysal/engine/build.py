"""From the engine's settings to the engine, and to what it can do."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING

from raysal.engine.config import EngineConfig
from raysal.engine.info import EngineInfo
from raysal.engine.registry import ENGINES
from raysal.errors import ConfigError

if TYPE_CHECKING:
    from raysal.engine.base import Engine, SimulatedNodes
    from raysal.engine.sweep import SweepJob, SweepWatch


def engine_info(name: str) -> EngineInfo:
    """The description of the engine registered as `name`."""
    info = import_module(ENGINES[name]).INFO
    assert isinstance(info, EngineInfo)
    return info


def parallel_engines() -> list[str]:
    """Names of the engines that can run several experiments at a time."""
    return [name for name in ENGINES if engine_info(name).parallel_trials]


def build_engine(config: EngineConfig) -> Engine:
    """The engine that `config.name` selects; only this engine's dependencies are imported.

    Raises:
        ClusterError: the cluster cannot be reached or is too small.
    """
    return engine_info(config.name).build(config)


def engine_early(config: EngineConfig) -> AbstractContextManager[Callable[[], Engine]]:
    """Start an engine while the caller imports and checks what it needs.

    Returns:
        A context with the function that makes the engine. What was started is stopped at the end of
        the context, if nobody asked for the engine.
    """
    early = engine_info(config.name).start_early
    return nullcontext(partial(build_engine, config)) if early is None else early(config)


def run_experiments(job: SweepJob, config: EngineConfig, watch: SweepWatch) -> None:
    """Run all experiments of a sweep; one that fails does not stop the others.

    Raises:
        ClusterError: the cluster cannot be reached or is too small for `job.concurrency`.
    """
    engine_info(config.name).run_experiments(job, config, watch)


def simulated_nodes(
    config: EngineConfig, count: int, cpus: int
) -> AbstractContextManager[SimulatedNodes]:
    """A cluster of `count` nodes with `cpus` CPUs each on this machine, until the block ends.

    Raises:
        ConfigError: the engine has no nodes.
    """
    simulate = engine_info(config.name).simulate_nodes
    if simulate is None:
        raise ConfigError(f"engine.name={config.name} cannot simulate the nodes of a cluster")
    return simulate(count, cpus)
