"""From settings to an engine."""

from __future__ import annotations

from raysal.engine.base import Engine, EngineConfig


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
