"""Speed of the plain loop in a process without raysal's settings for memory and threads.

python -m raysal.bench.plain_process MODEL POOL HEIGHT WIDTH
"""

from __future__ import annotations

import itertools
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

from raysal.bench.plain_scoring import BATCH, PlainScoring
from raysal.data.pool.pool import Pool
from raysal.errors import RunError
from raysal.inference.device import default_device
from raysal.openmp import WAITING

PLAIN_BATCHES = 3


def plain_rate(model: Path, pool: Pool, size: tuple[int, int]) -> float:
    """Images per second of `PlainScoring`.

    Args:
        size: (height, width) of the network's input.

    Raises:
        RunError: the process failed.
    """
    words = [sys.executable, "-m", __name__, str(model), pool.uri, *map(str, size)]
    ours = WAITING.items()
    env = {name: value for name, value in os.environ.items() if (name, value) not in ours}
    ended = subprocess.run(words, env=env, capture_output=True, text=True, check=False)
    if ended.returncode:
        lines = ended.stderr.strip().splitlines() or ["it said nothing"]
        raise RunError(f"the plain loop ended with status {ended.returncode}: {lines[-1]}")
    return float(ended.stdout.split()[-1])


def measure(model: Path, pool: Pool, size: tuple[int, int]) -> float:
    """As `plain_rate`, in this process: the median over some batches after one to warm up."""
    scores = PlainScoring(model, size, default_device())(pool)
    rates = []
    for _ in range(PLAIN_BATCHES + 1):
        start = time.perf_counter()
        seen = len(list(itertools.islice(scores, BATCH)))
        rates.append(seen / (time.perf_counter() - start))
    return statistics.median(rates[1:])


if __name__ == "__main__":
    model, uri, height, width = sys.argv[1:]
    print(measure(Path(model), Pool.open(uri), (int(height), int(width))))
