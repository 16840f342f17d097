"""Settings and fixtures for all tests."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from raysal.openmp import wait_briefly

if TYPE_CHECKING:
    from tests.support.commands import Ended, Raysal
    from tests.support.material import Material

wait_briefly()  # Before torch or Ray is imported.
if "PYTEST_XDIST_WORKER" in os.environ:  # Parallel test processes get one core each.
    os.environ.setdefault("OMP_NUM_THREADS", "1")


# No deadlines, because the machine may be busy, and the same examples in every run.
settings.register_profile("steady", deadline=None, derandomize=True)
settings.load_profile("steady")


@pytest.hookimpl(tryfirst=True)  # Before pytest-xdist reads the groups.
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Assign tests to groups that run in one process: one per file, and one for all with Ray.

    So fixtures of a file are made once, and Ray is started once. The group that takes longest
    starts first, so that it does not run alone at the end.
    """
    items.sort(key=_expected_time, reverse=True)
    for item in items:
        item.add_marker(pytest.mark.xdist_group("ray" if _needs_ray(item) else str(item.path)))


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Collect without the garbage collector, which takes a quarter of the time that this needs.

    What was imported and collected lives to the end, so later collections do not look at it.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        gc.collect()
        gc.freeze()


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """One process more than there are cores for the fast tests: some of them wait, for Ray, for a
    browser or for a command, while others compute."""
    cores = (
        len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    )
    return cores + (config.option.markexpr == "not slow")


def _needs_ray(item: pytest.Item) -> bool:
    return "ray_session" in getattr(item, "fixturenames", ())


def _expected_time(item: pytest.Item) -> tuple[bool, float]:
    """Sort key for the expected time: whether the test uses Ray, then its own time limit."""
    limit = item.get_closest_marker("timeout")
    return _needs_ray(item), limit.args[0] if limit else 0.0


@pytest.fixture(scope="session", autouse=True)
def one_thread(pytestconfig: pytest.Config) -> Iterator[None]:
    """With a test process per core, several threads in each would only wait for one another.

    Slow tests keep all threads: they compare runs in this process with those of commands, and on
    some processors the number of threads shows in the last digits.
    """
    fast = pytestconfig.option.markexpr == "not slow"
    with pytest.MonkeyPatch.context() as patch:
        if fast and "PYTEST_XDIST_WORKER" in os.environ:
            patch.setattr("raysal.engine.local.engine.cores", lambda: 1)
        yield


@pytest.fixture(scope="session", autouse=True)
def no_power_cut() -> Iterator[None]:
    """In this process nothing waits for the disk, which a run does a hundred times.

    A killed process loses nothing by that; `tests/storage/test_atomic.py` checks what is synced.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda descriptor: None)
        yield


@pytest.fixture(scope="session", autouse=True)
def shallow_network() -> None:
    """Known to all tests; after they were collected, as some are made for each of raysal's own."""
    from tests.support.shallow_network import know_shallow

    know_shallow()


@pytest.fixture(scope="session")
def ray_session() -> Iterator[None]:
    """One Ray cluster for all tests of a session, because starting it takes seconds."""
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
    """A function that runs a `raysal` command in this process and returns its outcome."""
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
