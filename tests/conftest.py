"""What all tests share."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from tests.support.commands import Ended, Raysal
    from tests.support.material import Material

# Before torch or Ray are imported.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
if "PYTEST_XDIST_WORKER" in os.environ:  # Tests side by side: a core for each.
    os.environ.setdefault("OMP_NUM_THREADS", "1")


# A busy machine is no failure, and neither is luck.
settings.register_profile("steady", deadline=None, derandomize=True)
settings.load_profile("steady")


@pytest.hookimpl(tryfirst=True)  # Before pytest-xdist looks for the groups.
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What a file's tests share is made once; all that need Ray share one.

    Groups start in the order in which they are here: what takes longest is first, so that no
    worker is left with it at the end.
    """
    items.sort(key=_patience, reverse=True)
    for item in items:
        item.add_marker(pytest.mark.xdist_group("ray" if _needs_ray(item) else str(item.path)))


def _needs_ray(item: pytest.Item) -> bool:
    return "ray_session" in getattr(item, "fixturenames", ())


def _patience(item: pytest.Item) -> tuple[bool, float]:
    """Whether it is one of those that share a Ray, and its time limit where it has its own."""
    limit = item.get_closest_marker("timeout")
    return _needs_ray(item), limit.args[0] if limit else 0.0


@pytest.fixture(scope="session")
def ray_session() -> Iterator[None]:
    """One Ray for all tests of a session: starting it takes seconds."""
    import ray

    from raysal.engine.config import EngineConfig
    from raysal.engine.on_ray.cluster import connect

    connect(EngineConfig())
    yield
    ray.shutdown()


@pytest.fixture(scope="session")
def material(tmp_path_factory: pytest.TempPathFactory) -> Material:
    """A small model and pools for it: see `Material`."""
    from tests.support.material import make_material

    return make_material(tmp_path_factory.mktemp("material"))


@pytest.fixture
def raysal(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Raysal:
    """Call `raysal` in this process, with these arguments."""
    from raysal.cli.main import main
    from tests.support.commands import Ended

    def call(*arguments: object) -> Ended:
        monkeypatch.setattr(sys, "argv", ["raysal", *map(str, arguments)])
        capfd.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capfd.readouterr()
        return Ended(int(ended.value.code or 0), out, err)

    return call
