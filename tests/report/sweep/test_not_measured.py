"""The report of a sweep whose trials were not measured."""

from __future__ import annotations

from pathlib import Path

from raysal.report.sweep.build import build_sweep_report
from raysal.sweep.layout import records_of
from raysal.sweep.results import TrialResult
from raysal.sweep.trials import Sweep, load_sweep
from tests.support.fabricate import make_run, not_measured
from tests.support.tiny_sweep import write_sweep


def results_of(sweep: Sweep, measured: int) -> tuple[TrialResult, ...]:
    """Finished trials of one round, of which the first so many were measured."""
    results = []
    for number, trial in enumerate(sweep.trials):
        run = make_run(trial.folder, [0.5], seed=trial.seed)
        if number >= measured:
            not_measured(run, 0)
        metric = 0.5 if number < measured else None
        results.append(TrialResult(trial, "finished", tuple(records_of(run)), metric))
    return tuple(results)


def test_no_figure_is_drawn_and_the_tables_say_why(tmp_path: Path) -> None:
    sweep = load_sweep(write_sweep(tmp_path / "sweep.yaml", tmp_path))
    made = build_sweep_report(sweep, results_of(sweep, 0), tmp_path / "out")
    assert not list((tmp_path / "out").glob("*.png"))
    assert [row[1] for row in made.table.rows] == ["not measured"] * 2
    assert made.notes[0].startswith("No learning curve and no IoU: no round was measured")
    page = (tmp_path / "out" / "sweep.html").read_text()
    assert page.count('<td class="n">not measured</td>') == 2 + 4


def test_trials_that_were_measured_are_drawn(tmp_path: Path) -> None:
    sweep = load_sweep(write_sweep(tmp_path / "sweep.yaml", tmp_path))
    made = build_sweep_report(sweep, results_of(sweep, 2), tmp_path / "out")
    assert [row[1] for row in made.table.rows] == ["50.00", "not measured"]
    assert {path.stem for path in (tmp_path / "out").glob("*.png")} == {"curves", "metric"}
