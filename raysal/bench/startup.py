"""Seconds until a command shows something, beside importing torch alone.

Commands run as processes of their own, in turn with the import. Seconds of all cores are given for
those that end by themselves; they vary less than the time on a machine that does other work.
"""

from __future__ import annotations

import contextlib
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from raysal.bench.result import Figure, Result
from raysal.bench.scoring import make_bench_model, make_bench_pool
from raysal.engine.registry import ENGINES
from raysal.errors import RunError
from raysal.progress import Watch

SIZE, IMAGES = (96, 128), 64
POLL_S, PATIENCE_S = 0.01, 300.0
# The targets, in seconds on two cores.
LIGHT_S, FIRST_SCORE_S = 0.4, 5.0
RAYSAL = (sys.executable, "-m", "raysal.cli.main")
BASELINE = "import torch"


def bench(rounds: int, engines: Sequence[str], watch: Watch) -> Result:
    """Time commands that need no torch, and from `raysal score` to its first score.

    Args:
        rounds: number of measurements of each.
        engines: names of those to score with.
    """
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        (root / "bad.yaml").write_text("name: x\n")
        light = {
            "--version": (["--version"], 0),
            "--help": (["--help"], 0),
            "bad configuration": (["run", "bad.yaml"], 2),
            "report of no folder": (["report", "absent"], 2),
        }
        steps: dict[str, Callable[[], float]] = {BASELINE: lambda: _ended(_TORCH, root, 0)}
        for what, (words, status) in light.items():
            steps[what] = _step([*RAYSAL, *words], root, status)
        if engines:
            pool = Path(make_bench_pool(root / "pool", IMAGES, SIZE).uri)
            model = make_bench_model(root / "model", SIZE)
            for engine in engines:
                steps[_first(engine)] = _scoring(model, pool, engine, root)
        watch.start("startup", rounds * len(steps))
        seconds: dict[str, list[float]] = {what: [] for what in steps}
        for _ in range(rounds):
            for what, step in steps.items():
                seconds[what].append(step())
                watch.advance(1)
        watch.finish()
    targets = dict.fromkeys(light, LIGHT_S) | {_first("ray"): FIRST_SCORE_S}
    figures = []
    for what, measured in seconds.items():
        ratios = [a / b for a, b in zip(measured, seconds[BASELINE], strict=True)]
        figures.append(
            Figure(
                what,
                statistics.median(measured),
                "s",
                None if what == BASELINE else statistics.median(ratios),
                "" if what == BASELINE else BASELINE,
                (min(measured), max(measured)),
                at_most=targets.get(what),
            )
        )
    return Result("startup", tuple(figures), {"rounds": rounds, "images": IMAGES})


def small(engine: str, watch: Watch) -> Result:
    """As `bench`, at the size of `raysal bench all`."""
    return bench(3, [engine], watch)


_TORCH = (sys.executable, "-c", "import torch")


def _first(engine: str) -> str:
    return f"first score, engine {engine}"


def _step(words: Sequence[str], root: Path, status: int) -> Callable[[], float]:
    return lambda: _ended(words, root, status)


def _ended(words: Sequence[str], root: Path, status: int) -> float:
    """Seconds until a program has ended.

    Raises:
        RunError: with another status.
    """
    start = time.perf_counter()
    ended = subprocess.run(words, cwd=root, capture_output=True, check=False)
    seconds = time.perf_counter() - start
    if ended.returncode != status:
        raise RunError(f"{' '.join(words[2:])} ended with status {ended.returncode}")
    return seconds


def _scoring(model: Path, pool: Path, engine: str, root: Path) -> Callable[[], float]:
    def step() -> float:
        with tempfile.TemporaryDirectory(dir=root) as out:
            scores = Path(out, "scores")
            words = [
                *RAYSAL, "score", str(model), str(pool), "--acquisition", "entropy",
                "--out", str(scores), "--set", f"engine.name={engine}",
            ]  # fmt: skip
            return _first_part(words, root, scores)

    return step


def _first_part(words: Sequence[str], root: Path, scores: Path) -> float:
    """Seconds until the first part with scores is there; waits for the end of the program, too.

    Raises:
        RunError: it ended without one, or takes longer than `PATIENCE_S`.
    """
    start = time.perf_counter()
    with subprocess.Popen(
        words, cwd=root, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            while not any(scores.glob("part-*.parquet")):
                if process.poll() is not None or time.perf_counter() - start > PATIENCE_S:
                    raise RunError(f"{' '.join(words[2:])} gave no scores")
                time.sleep(POLL_S)
            seconds = time.perf_counter() - start
            process.wait()
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
    return seconds


def known_engines() -> list[str]:
    """Those that scoring is timed with."""
    return list(ENGINES)
