"""Made-up runs are runs that `raysal report` reads."""

from __future__ import annotations

from pathlib import Path

import pytest

from raysal.bench import report
from raysal.bench.made_runs import STRATEGIES, make_runs
from raysal.bench.process import Ended
from raysal.progress import Silent
from raysal.report.runs.read import read_runs
from raysal.report.runs.series import group


def test_seeds_of_a_strategy_are_one_series(tmp_path: Path) -> None:
    made = make_runs(tmp_path, 2 * len(STRATEGIES) + 1, 3)
    series = group(read_runs(made))
    assert sorted(len(each.runs) for each in series) == [2, 2, 2, 2, 3]
    assert {len(run.records) for each in series for run in each.runs} == {3}


def test_few_and_many_are_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    def ended(words: list[str]) -> Ended:
        runs = [word for word in words if "run-" in word]
        assert all(Path(run).is_dir() for run in runs)
        return Ended(1.0, 1.0, 100.0 * len(runs))

    monkeypatch.setattr(report, "run_process", ended)
    result = report.bench(7, 2, 2, Silent())
    assert result.figure("memory, peak", "5 runs").value == 500
    assert result.figure("memory, peak", "7 runs").value == 700
    assert result.figure("time", "7 runs").to == "5 runs"
    assert result.figure("time", "7 runs").met
