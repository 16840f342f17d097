"""What all tests share."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

# Before torch or Ray are imported.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")


@pytest.fixture(scope="session")
def ray_session() -> Iterator[None]:
    """One Ray for all tests of a session: starting it takes seconds."""
    import ray

    from raysal.engine.base import EngineConfig
    from raysal.engine.on_ray.cluster import connect

    connect(EngineConfig())
    yield
    ray.shutdown()
