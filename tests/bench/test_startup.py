"""Timing of commands until they show something."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from raysal.bench.startup import _ended, _first_part
from raysal.errors import RunError

WRITES = "import pathlib; p = pathlib.Path('s'); p.mkdir(); (p / 'part-0.parquet').touch()"


def python(code: str) -> list[str]:
    """A process that starts quickly."""
    return [sys.executable, "-S", "-c", code]


def test_the_first_part_is_waited_for(tmp_path: Path) -> None:
    whole = _first_part(python(WRITES), tmp_path, tmp_path / "s")
    assert 0 < whole < 60


def test_a_command_without_scores_is_no_measurement(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="gave no scores"):
        _first_part(python("pass"), tmp_path, tmp_path / "s")


def test_a_command_that_ends_otherwise_is_no_measurement(tmp_path: Path) -> None:
    assert _ended(python("raise SystemExit(2)"), tmp_path, 2) > 0
    with pytest.raises(RunError, match="ended with status 0"):
        _ended(python("pass"), tmp_path, 2)
