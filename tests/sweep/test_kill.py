"""kill -9 of a sweep's driver within its second trial: no work is lost or done twice."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from tests.support.drivers import Driver, start
from tests.support.paths import ROOT

CONFIG = ROOT / "configs" / "sweep_deal_levels.yaml"
WITHIN_S = 240.0


def begin(output: Path, engine: str) -> Driver:
    """Start `raysal sweep` as a user would: two trials, one after the other, on tiny scenes."""
    settings = {
        "output": output,
        "sweep.parameters.acquisition.levels": "[4, 8]",
        "sweep.seeds": "[0]",
        "data.size": "[48, 64]",
        "data.train": 16,
        "data.val": 0,
        "data.test": 4,
        "train.epochs": 1,
        "train.precision": "fp32",
        "al.initial": 4,
        "al.budget": 4,
        "al.rounds": 2,
        "engine.name": engine,
        "engine.threads": 1,
    }
    changes = [word for key, value in settings.items() for word in ("--set", f"{key}={value}")]
    return start(["sweep", CONFIG, *changes], output.with_suffix(".log"))


def finish(output: Path, engine: str) -> str:
    """Run to the end; returns the output."""
    driver = begin(output, engine)
    assert driver.ended(WITHIN_S), driver.output.read_text()
    return driver.output.read_text()


def descendants(ancestor: int) -> set[int]:
    """Ids of all descendants of a running process."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                stat = (entry / "stat").read_text()
                parent = int(stat.rpartition(")")[2].split()[1])
                children.setdefault(parent, []).append(int(entry.name))
    found, todo = set(), [ancestor]
    while todo:
        below = children.get(todo.pop(), [])
        found |= set(below)
        todo += below
    return found


@pytest.fixture
def litter() -> Iterator[set[int]]:
    """Ids of processes that a killed driver may leave behind; Ray's are killed at the end."""
    pids: set[int] = set()
    yield pids
    for pid in pids:
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            if b"ray" in Path(f"/proc/{pid}/cmdline").read_bytes():
                os.kill(pid, signal.SIGKILL)


def rows(root: Path, file: str) -> list[dict[str, Any]]:
    return pq.read_table(root / file).to_pylist()


def finished_stages(root: Path) -> dict[Path, int]:
    """Times at which the stages of finished trials were committed."""
    done = [path.parent for path in root.glob("trials/*/finished.json")]
    return {s: s.stat().st_mtime_ns for t in done for s in t.glob("rounds/*/*/stage.json")}


def kill_when(output: Path, ready: Callable[[], bool], litter: set[int]) -> None:
    """Start a sweep, and kill -9 its driver as soon as `ready` holds."""
    driver = begin(output, "ray")
    end = time.monotonic() + WITHIN_S
    while not ready():
        assert driver.status(0.05) is None, driver.output.read_text()
        assert time.monotonic() < end, driver.output.read_text()
    litter |= descendants(driver.pid)
    assert driver.status(0) is None, "it ended before it was killed"
    driver.kill()


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_killed(tmp_path: Path, litter: set[int]) -> None:
    finish(tmp_path / "calm", "local")  # In one process, with the same results.
    calm, output = tmp_path / "calm" / CONFIG.stem, tmp_path / "killed"
    root = output / CONFIG.stem

    def second_begun() -> bool:
        begun = {path.parents[2] for path in root.glob("trials/*/rounds/*/.model.draft")}
        done = {path.parent for path in root.glob("trials/*/finished.json")}
        return bool(done and begun - done)

    kill_when(output, second_begun, litter)
    known = finished_stages(root)
    assert known
    printed = finish(output, "ray")
    assert "0 of 2 trials are done" not in printed
    assert {path: path.stat().st_mtime_ns for path in known} == known
    assert rows(root, "results.parquet") == rows(calm, "results.parquet")
    assert rows(root, "curves.parquet") == rows(calm, "curves.parquet")
    for name in ("metric.png", "metric.svg", "curves.png", "sweep.html"):
        assert (root / "report" / name).stat().st_size > 1000
    assert "2 of 2 trials are done" in finish(output, "ray")
