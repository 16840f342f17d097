"""Time and memory of a process are its own."""

from __future__ import annotations

import sys

import pytest

from raysal.bench.process import run_process
from raysal.errors import RunError


def test_the_memory_of_the_caller_does_not_count() -> None:
    mine = bytearray(b"x" * (300 << 20))
    small = run_process([sys.executable, "-S", "-c", "pass"])
    large = run_process([sys.executable, "-S", "-c", f"b'x' * {len(mine) // 2}"])
    assert small.peak_mib < 100 < 150 < large.peak_mib < 300
    assert small.cpu_s > 0
    assert small.seconds > 0


def test_a_failure_says_what_the_program_said() -> None:
    with pytest.raises(RunError, match="ended with status 3: no disk"):
        run_process(
            [sys.executable, "-c", "import sys; print('no disk', file=sys.stderr); sys.exit(3)"]
        )
