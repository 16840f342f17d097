"""Time and memory of selecting a query from a large pool of scores."""

from __future__ import annotations

import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from statistics import median

import numpy as np

from raysal.acquisition.selection.score_parts import Scored, write_part
from raysal.bench.process import run_process
from raysal.bench.result import Figure, Result
from raysal.bench.timing import measure
from raysal.curate.score_folder import Key, Scope, Scoring, write_scoring
from raysal.progress import Watch

SIZE = (360, 480)
TARGET_S = 60.0
TARGET_IMAGES = 10_000_000
# What anybody would write: no checks, and all in memory.
PLAIN = """
import sys
import pyarrow.compute as pc
import pyarrow.dataset as ds
table = ds.dataset(sys.argv[1], format="parquet", exclude_invalid_files=True).to_table(
    columns=["image_id", "score"])
table.take(pc.sort_indices(table, [("score", "descending"), ("image_id", "ascending")]))
"""


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


def bench(
    images: Sequence[int], budgets: Sequence[int], per_part: int, rounds: int, watch: Watch
) -> Result:
    """Time `raysal select`, and reading the same scores and sorting them, each in a process.

    Args:
        images: numbers of scores.
        budgets: numbers of images to select.
        per_part: scores in each file.
        rounds: number of alternating measurements.
    """
    figures: list[Figure] = []
    for count in images:
        amounts = sorted({min(budget, count) for budget in budgets})
        with tempfile.TemporaryDirectory(prefix="raysal-bench-") as folder:
            scores = Path(folder) / "scores"
            watch.start(f"write {count} scores", count)
            make_scores(scores, count, per_part, watch.advance)
            watch.finish()
            figures += _figures(scores, count, amounts, rounds, watch)
    return Result(
        "select",
        tuple(figures),
        {"images": " ".join(map(str, images)), "per_part": per_part, "rounds": rounds},
        (
            "each is a command in a process of its own, whose start and imports count",
            "plain: pyarrow reads ids and scores of all files and sorts them; it checks nothing, "
            "and writes nothing",
        ),
    )


def small(engine: str, watch: Watch) -> Result:
    """See `raysal.bench.whole`."""
    return bench((100_000, 500_000), (2000,), 512, 3, watch)


def _figures(
    scores: Path, count: int, amounts: Sequence[int], rounds: int, watch: Watch
) -> Iterator[Figure]:
    peaks: dict[str, list[float]] = defaultdict(list)

    def plain() -> None:
        peaks["plain"].append(run_process([sys.executable, "-c", PLAIN, str(scores)]).peak_mib)

    def selecting(amount: int) -> None:
        peaks[str(amount)].append(measure_select(scores, amount).peak_mib)

    steps = {str(amount): partial(selecting, amount) for amount in amounts}
    timing = measure({"plain": plain, **steps}, rounds, watch)
    target = TARGET_S if count <= TARGET_IMAGES else None
    for step in ("plain", *steps):
        of = f"{count} scores, " + (step if step == "plain" else f"select {step}")
        to = "" if step == "plain" else "plain"
        time_s = timing.duration(step, "time", to, unit="s", of=of)
        yield replace(time_s, at_most=None if step == "plain" else target)
        yield Figure("memory, peak", median(peaks[step]), "MiB", of=of)


def make_scores(
    folder: Path, images: int, per_part: int, progress: Callable[[int], None] = lambda rows: None
) -> None:
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
        progress(len(rows))
    key = Key(
        model="bench", strategy={"name": "entropy"}, precision="fp32", seed=None, features=None
    )
    scope = Scope(pool="bench", fingerprint="bench", limit=None, candidates=None, lottery=None)
    scoring = Scoring(
        key=key, scope=scope, size=SIZE, units=len(starts), recheck=False, finished=True
    )
    write_scoring(str(folder), scoring)


def measure_select(scores: Path, budget: int) -> Selecting:
    """Run `raysal select` in a process of its own.

    Raises:
        RunError: it failed.
    """
    with tempfile.TemporaryDirectory(prefix="raysal-bench-") as folder:
        out = Path(folder) / "query"
        words = ["select", str(scores), "--budget", str(budget), "--out", str(out)]
        ended = run_process([sys.executable, "-m", "raysal.cli.main", *words])
    return Selecting(budget, ended.seconds, ended.peak_mib)
