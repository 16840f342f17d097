"""The pool of actors that goes over a pool of images."""

from __future__ import annotations

import pytest

from raysal.engine.config import EngineConfig


@pytest.mark.usefixtures("ray_session")
def test_only_a_joined_cluster_may_grow() -> None:
    """On a Ray of our own the pool of actors is as it was planned."""
    from raysal.engine.on_ray.cluster import WORKER_CPUS, plan
    from raysal.engine.on_ray.over_pool import _actors

    ours = plan(EngineConfig())
    assert (ours.grows, ours.actor_cpus) == (False, WORKER_CPUS)
    fixed = _actors(ours, calls=100)
    assert fixed.min_size == fixed.max_size == ours.score_actors
