"""kill -9 of a sweep's driver at a random moment: no work is lost or done twice."""

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

from tests.support.paths import ROOT

CONFIG = ROOT / "configs" / "sweep_deal_levels.yaml"


def start(output: Path, engine: str) -> subprocess.Popen[str]:
    """Start `raysal sweep` as a user would: two values of L and two seeds, on tiny scenes."""
    settings = {
        "output": output,
        "sweep.parameters.acquisition.levels": "[4, 8]",
        "sweep.seeds": "[0, 1]",
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
    command = [sys.executable, "-m", "raysal.cli.main", "sweep", str(CONFIG)]
    for key, value in settings.items():
        command += ["--set", f"{key}={value}"]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def finish(output: Path, engine: str) -> str:
    """Run to the end; returns the output."""
    process = start(output, engine)
    printed, _ = process.communicate(timeout=600)
    assert process.returncode == 0, printed
    return printed


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


def kill_when(output: Path, ready: Callable[[], bool], delay_s: float, litter: set[int]) -> None:
    """Start a sweep, and kill -9 its driver `delay_s` after `ready` holds."""
    process = start(output, "ray")
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
def test_killed(tmp_path: Path, litter: set[int]) -> None:
    finish(tmp_path / "calm", "local")  # In one process, with the same results.
    calm, output = tmp_path / "calm" / CONFIG.stem, tmp_path / "killed"
    root = output / CONFIG.stem
    delay_s = random.Random(0).uniform(0.0, 10.0)
    kill_when(output, lambda: any(root.glob("trials/*/finished.json")), delay_s, litter)
    known = finished_stages(root)
    assert known
    printed = finish(output, "ray")
    assert "0 of 4 trials are done" not in printed
    assert {path: path.stat().st_mtime_ns for path in known} == known
    assert rows(root, "results.parquet") == rows(calm, "results.parquet")
    assert rows(root, "curves.parquet") == rows(calm, "curves.parquet")
    for name in ("metric.png", "metric.svg", "curves.png", "sweep.html"):
        assert (root / "report" / name).stat().st_size > 1000
    assert "4 of 4 trials are done" in finish(output, "ray")
