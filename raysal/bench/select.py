"""Time and memory of selecting a query from a large pool of scores."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from raysal.acquisition.selection.score_parts import Scored, write_part
from raysal.curate.score_folder import Key, Scope, Scoring, write_scoring

SIZE = (360, 480)
MIB_PER_KB = 1 / 1024


@dataclass(frozen=True)
class Selecting:
    """One selection.

    Attributes:
        seconds: of the whole command.
        peak_mib: largest resident memory of its process.
    """

    budget: int
    seconds: float
    peak_mib: float


def make_scores(folder: Path, images: int, per_part: int) -> None:
    """A score folder of that many images with random scores; equal numbers give equal folders."""
    folder.mkdir(parents=True)
    scores_N = np.random.default_rng(0).random(images)
    starts = range(0, images, per_part)
    for start in starts:
        rows = [
            Scored(f"drive/{i // 1000:05d}/frame_{i:08d}", float(scores_N[i]), None, f"{i:032x}")
            for i in range(start, min(start + per_part, images))
        ]
        write_part(str(folder), f"{start:09d}", rows)
    key = Key(
        model="bench", strategy={"name": "entropy"}, precision="fp32", seed=None, features=None
    )
    scope = Scope(pool="bench", fingerprint="bench", limit=None, candidates=None, lottery=None)
    scoring = Scoring(
        key=key, scope=scope, size=SIZE, units=len(starts), recheck=False, finished=True
    )
    write_scoring(str(folder), scoring)


def measure_select(scores: Path, budget: int) -> Selecting:
    """Run `raysal select` in a process of its own."""
    with tempfile.TemporaryDirectory(prefix="raysal-bench-") as folder:
        out = Path(folder) / "query"
        words = ["select", str(scores), "--budget", str(budget), "--out", str(out)]
        start = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, "-m", "raysal.cli.main", *words], stdout=subprocess.DEVNULL
        )
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"raysal {' '.join(words)} ended with status {process.returncode}")
    return Selecting(budget, seconds, usage.ru_maxrss * MIB_PER_KB)
