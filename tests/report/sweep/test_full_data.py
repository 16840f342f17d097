"""The report of a sweep with a variant that is trained on all images, as DEAL's Fig. 6 has it."""

from __future__ import annotations

import csv
from pathlib import Path

from raysal.report.sweep.build import SweepReport, build_sweep_report
from raysal.sweep.layout import records_of
from raysal.sweep.results import TrialResult
from raysal.sweep.trials import load_sweep
from tests.support.fabricate import make_full, make_run

VARIANTS = """
name: papers
data: {name: streets, size: [48, 64], train: 24, val: 4, test: 4}
model: {weights: none}
acquisition: {name: random}
al: {initial: 8, budget: 2, rounds: 2}
sweep:
  variants:
    Random: {acquisition.name: random}
    Entropy: {acquisition.name: entropy}
    Full: {al.initial: all, al.rounds: 1}
  seeds: [0, 1, 2]
"""


def report_of(place: Path) -> SweepReport:
    """Of finished trials, of which those on all images are best."""
    (place / "sweep.yaml").write_text(f"{VARIANTS}output: {place}")
    sweep = load_sweep(place / "sweep.yaml")
    results = []
    for trial in sweep.trials:
        variant, luck = trial.values["variant"], trial.seed / 100
        if variant == "Full":
            run, last = make_full(trial.folder, 0.7 + luck, seed=trial.seed), 0.7 + luck
        else:
            last = (0.55 if variant == "Random" else 0.60) + luck
            acquisition = {"name": variant.lower()}
            run = make_run(
                trial.folder,
                [0.4 + luck, last],
                strategy=variant,
                seed=trial.seed,
                acquisition=acquisition,
            )
        results.append(TrialResult(trial, "finished", tuple(records_of(run)), last))
    return build_sweep_report(sweep, results, place / "out")


def test_it_is_a_level_and_not_compared(tmp_path: Path) -> None:
    made = report_of(tmp_path)
    assert not any("Not compared" in note for note in made.notes)
    with (tmp_path / "out" / "compare.csv").open() as file:
        assert [(row["first"], row["second"]) for row in csv.DictReader(file)] == [
            ("Entropy", "Random")
        ]
    page = (tmp_path / "out" / "sweep.html").read_text()
    assert "Best mean: Entropy." in page
    assert "p100, what is reached with the labels of all images (Full)" in page
    assert "p100: all 400 images, 3 runs (71.0 %)" in (tmp_path / "out" / "curves.svg").read_text()
    assert "Full" not in (tmp_path / "out" / "metric.svg").read_text()
    assert [row[:2] for row in made.table.rows][-1] == ("Full", "71.00")


def test_names_and_columns_of_the_page(tmp_path: Path) -> None:
    report_of(tmp_path)
    page = (tmp_path / "out" / "sweep.html").read_text()
    assert "MIoU" not in page
    assert '<th>variant</th><th class="n">mIoU of the last round [%]</th>' in page
    assert '<th class="n">n</th><th class="after">trials</th>' in page
