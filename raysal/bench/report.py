"""Time and memory of `raysal report`, by the number of runs."""

from __future__ import annotations

import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from statistics import median

from raysal.bench.made_runs import STRATEGIES, make_runs
from raysal.bench.process import run_process
from raysal.bench.result import Figure, Result
from raysal.bench.timing import measure
from raysal.progress import Watch

RUNS = 50
TARGET_S = 60.0


def bench(runs: int, rounds_of_run: int, rounds: int, watch: Watch) -> Result:
    """Report on made-up runs, and on one of each strategy, each in a process of its own.

    Args:
        runs: number of runs.
        rounds_of_run: rounds that each has.
        rounds: number of alternating measurements.
    """
    few = min(runs, len(STRATEGIES))
    peaks: dict[int, list[float]] = defaultdict(list)
    with tempfile.TemporaryDirectory(prefix="raysal-bench-") as folder:
        made = make_runs(Path(folder), runs, rounds_of_run)
        out = Path(folder) / "report"

        def report(count: int) -> None:
            words = ["report", *map(str, made[:count]), "--out", str(out)]
            ended = run_process([sys.executable, "-m", "raysal.cli.main", *words])
            peaks[count].append(ended.peak_mib)

        counts = sorted({few, runs})
        timing = measure({str(count): partial(report, count) for count in counts}, rounds, watch)

    def figures() -> Iterator[Figure]:
        for count in counts:
            of = f"{count} runs"
            to = "" if count == counts[0] else str(counts[0])
            time_s = timing.duration(str(count), "time", to, f"{counts[0]} runs", "s", of)
            yield replace(time_s, at_most=TARGET_S if count <= RUNS else None)
            yield Figure("memory, peak", median(peaks[count]), "MiB", of=of)

    return Result(
        "report",
        tuple(figures()),
        {
            "runs": runs,
            "rounds_of_run": rounds_of_run,
            "strategies": few,
            "rounds": rounds,
        },
        (
            "each is a command in a process of its own, whose start and imports count; the runs "
            "have records and metrics, but no images to draw",
        ),
    )


def small(engine: str, watch: Watch) -> Result:
    """See `raysal.bench.whole`."""
    return bench(RUNS, 7, 1, watch)
