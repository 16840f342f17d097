"""What all tests share."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

# Before torch or Ray are imported.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
if "PYTEST_XDIST_WORKER" in os.environ:  # Tests side by side: a core for each.
    os.environ.setdefault("OMP_NUM_THREADS", "1")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What a file's tests share is made once; all that need Ray share one."""
    for item in items:
        needs_ray = "ray_session" in getattr(item, "fixturenames", ())
        item.add_marker(pytest.mark.xdist_group("ray" if needs_ray else str(item.path)))


@pytest.fixture(scope="session")
def ray_session() -> Iterator[None]:
    """One Ray for all tests of a session: starting it takes seconds."""
    import ray

    from raysal.engine.base import EngineConfig
    from raysal.engine.on_ray.cluster import connect

    connect(EngineConfig())
    yield
    ray.shutdown()
