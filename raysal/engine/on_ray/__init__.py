"""The engine on Ray: Train for training, Data for scoring and evaluation."""

from raysal.engine.on_ray.engine import RayEngine

__all__ = ["RayEngine"]
