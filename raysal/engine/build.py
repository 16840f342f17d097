"""From settings to an engine."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from raysal.engine.base import Engine
from raysal.engine.config import EngineConfig
from raysal.engine.sweep import SweepJob, SweepWatch, attempt

if TYPE_CHECKING:
    from raysal.engine.on_ray.simulated import Nodes


def build_engine(config: EngineConfig) -> Engine:
    """The engine that `config.name` names; Ray is imported for its own engine only.

    Raises:
        ClusterError: the cluster cannot be reached or is too small.
    """
    if config.name == "local":
        from raysal.engine.local import LocalEngine

        return LocalEngine(config)
    from raysal.engine.on_ray.engine import RayEngine

    return RayEngine(config)


def simulated_nodes(count: int, cpus: int) -> AbstractContextManager[Nodes]:
    """A Ray cluster of so many nodes of so many CPUs on this machine, until the block ends."""
    from raysal.engine.on_ray.simulated import simulated_nodes

    return simulated_nodes(count, cpus)


def run_experiments(job: SweepJob, config: EngineConfig, watch: SweepWatch) -> None:
    """Run all of them; one that fails does not keep the others from running.

    Raises:
        ClusterError: the cluster cannot be reached or is too small for so many at a time.
    """
    if config.name == "ray":
        from raysal.engine.on_ray.sweep import run_on_ray

        run_on_ray(job, config, watch)
        return
    for name in job.names:
        watch.ended(name, attempt(job.run, name, config))
