"""kill -9 of a sweep's driver at random moments: nothing is lost, nothing is done twice."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from tiny_sweep import LEVELS, write_sweep

RAY = {"name": "ray", "threads": 1}


def start(config: Path) -> subprocess.Popen[str]:
    """`raysal sweep`, as a user would start it."""
    command = [sys.executable, "-m", "raysal.cli.main", "sweep", str(config)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def finish(config: Path) -> str:
    """Run to the end; what was printed."""
    process = start(config)
    output, _ = process.communicate(timeout=600)
    assert process.returncode == 0, output
    return output


def descendants(ancestor: int) -> set[int]:
    """Ids of all processes below a living one."""
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
    """Processes that a killed driver may leave behind; those that are still Ray's are ended."""
    pids: set[int] = set()
    yield pids
    for pid in pids:
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            if b"ray" in Path(f"/proc/{pid}/cmdline").read_bytes():
                os.kill(pid, signal.SIGKILL)


def rows(root: Path, file: str) -> list[dict[str, Any]]:
    return pq.read_table(root / file).to_pylist()


def finished_stages(root: Path) -> dict[Path, int]:
    """When the stages of finished trials were made."""
    done = [path.parent for path in root.glob("trials/*/finished.json")]
    return {s: s.stat().st_mtime_ns for t in done for s in t.glob("rounds/*/*/stage.json")}


def kill_when(config: Path, ready: Callable[[], bool], delay_s: float, litter: set[int]) -> None:
    """Start a sweep, and kill -9 its driver so long after `ready` holds."""
    process = start(config)
    end = time.monotonic() + 300
    while not ready():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < end
        time.sleep(0.1)
    time.sleep(delay_s)
    assert process.poll() is None, "it ended before it was killed"
    litter |= descendants(process.pid)
    process.send_signal(signal.SIGKILL)
    process.wait()


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_kills(tmp_path: Path, litter: set[int]) -> None:
    calm = write_sweep(tmp_path / "calm.yaml", tmp_path / "calm")
    finish(calm)  # In its own process: it comes to the same.
    config = write_sweep(tmp_path / "killed.yaml", tmp_path / "killed", LEVELS, engine=RAY)
    root = tmp_path / "killed" / "tiny"
    moments = random.Random(0)
    known: dict[Path, int] = {}
    for trials in range(3):
        kill_when(
            config,
            lambda done=trials: (
                len(list(root.glob("trials/*/finished.json"))) >= done
                and (root / "sweep.yaml").exists()
            ),
            moments.uniform(0.0, 10.0),
            litter,
        )
        known |= finished_stages(root)
    assert known
    output = finish(config)
    assert "0 of 4 trials are done" not in output
    assert {path: path.stat().st_mtime_ns for path in known} == known
    assert rows(root, "results.parquet") == rows(tmp_path / "calm" / "tiny", "results.parquet")
    assert rows(root, "curves.parquet") == rows(tmp_path / "calm" / "tiny", "curves.parquet")
    for name in ("metric.png", "metric.svg", "curves.png", "sweep.html"):
        assert (root / "report" / name).stat().st_size > 1000
    assert "4 of 4 trials are done" in finish(config)
