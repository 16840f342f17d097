"""How many actors, how large their batches."""

from __future__ import annotations

import pytest
import torch

from raysal.engine.config import EngineConfig
from raysal.engine.workers.registry import score_batch

CPU = torch.device("cpu")


@pytest.mark.parametrize(
    ("size", "batch"),
    [((480, 360), 4), ((120, 160), 4), ((96, 128), 8), ((48, 64), 32), ((8, 8), 32)],
)
def test_small_images_go_together_in_more(size: tuple[int, int], batch: int) -> None:
    assert score_batch("auto", CPU, size) == batch
    assert score_batch(3, CPU, size) == 3


@pytest.mark.usefixtures("ray_session")
def test_only_a_joined_cluster_may_grow() -> None:
    """On a Ray of our own the pool of actors is as it was planned."""
    from raysal.engine.on_ray.cluster import WORKER_CPUS, plan
    from raysal.engine.on_ray.over_pool import _actors

    ours = plan(EngineConfig())
    assert (ours.grows, ours.actor_cpus) == (False, WORKER_CPUS)
    fixed = _actors(ours, calls=100)
    assert fixed.min_size == fixed.max_size == ours.score_actors
