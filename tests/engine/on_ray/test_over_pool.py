"""The pool of actors that runs the jobs over a pool of images."""

from __future__ import annotations

import pytest

from raysal.engine.config import EngineConfig


@pytest.mark.usefixtures("ray_session")
def test_only_a_joined_cluster_may_grow() -> None:
    """A Ray that raysal started cannot grow, so the number of actors is fixed."""
    from raysal.engine.on_ray.data_actors import actors
    from raysal.engine.on_ray.plan import WORKER_CPUS, plan

    ours = plan(EngineConfig())
    assert (ours.grows, ours.actor_cpus) == (False, WORKER_CPUS)
    fixed = actors(ours, 100)
    assert fixed.min_size == fixed.max_size == ours.score_actors
