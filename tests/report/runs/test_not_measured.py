"""Rounds that were not measured, because nobody labelled test or validation images."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from typer.testing import CliRunner

from raysal.cli.main import app
from raysal.errors import RunError
from raysal.report.build import Report, build_report
from raysal.report.cost_unit import CostUnit
from raysal.report.runs.measured_on import check_same_images, measured_on, measured_on_others
from raysal.report.runs.read import read_runs
from raysal.report.runs.series import group
from raysal.report.summary.curve import curve_table
from tests.support.fabricate import edit_json, make_run, not_measured


def report_of(out: Path, *runs: Path, x: CostUnit = CostUnit.images) -> tuple[Report, str]:
    """The report, and its page without line breaks."""
    made = build_report(runs, out, strips=0, x=x)
    return made, " ".join(made.page.read_text().split())


def table(out: Path, name: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO((out / name).read_text())))


def test_a_run_without_test_images_has_no_curve_and_says_why(tmp_path: Path) -> None:
    run = not_measured(make_run(tmp_path / "a", [0.5, 0.6]), 0, 1)
    made, page = report_of(tmp_path / "out", run)
    assert "curve.png" not in {path.name for path in made.written}
    (note,) = made.notes
    assert note.startswith("No learning curve and no IoU: no round was measured, because")
    assert "al.test" in note
    assert "Learning curve</h2>" not in page
    assert "Classes</h2>" not in page
    assert "Not measured, from round 0 to round 1" in page
    assert '<div class="big"><small>not measured</small></div>' in page
    assert "not measured → " not in page
    assert [row["measured_on"] for row in table(tmp_path / "out", "rounds.csv")] == ["0", "0"]
    assert table(tmp_path / "out", "curve.csv") == []


def test_it_does_not_matter_that_a_unit_is_not_counted(tmp_path: Path) -> None:
    run = not_measured(make_run(tmp_path / "a", [0.5]), 0)
    report_of(tmp_path / "out", run, x=CostUnit.clicks)


def test_a_run_that_was_measured_later_has_a_curve_of_these_rounds(tmp_path: Path) -> None:
    run = not_measured(make_run(tmp_path / "a", [0.5, 0.6, 0.7]), 0, 1)
    made, page = report_of(tmp_path / "out", run)
    assert [note.split(".")[0] for note in made.notes] == ["Not measured: a (rounds 0, 1)"]
    assert [row["round"] for row in table(tmp_path / "out", "curve.csv")] == ["2"]
    assert [row["measured_on"] for row in table(tmp_path / "out", "rounds.csv")] == ["0", "0", "4"]
    assert '<div class="big"><small>not measured</small> → 70.0 %' in page
    assert "Mean IoU on the test split" in page
    assert '<td class="n">not measured → 70.0</td>' in page


def test_a_run_that_was_measured_at_first_keeps_its_shares(tmp_path: Path) -> None:
    run = not_measured(make_run(tmp_path / "a", [0.5, 0.6]), 1)
    _, page = report_of(tmp_path / "out", run)
    assert "50.0 → <small>not measured</small></div>" in page
    assert table(tmp_path / "out", "iou.csv")[0]["share"] == "33.333333"


def test_measured_and_not_measured_runs_are_kept_apart(tmp_path: Path) -> None:
    runs = [
        make_run(tmp_path / "a", [0.5, 0.6]),
        not_measured(make_run(tmp_path / "b", [0.9, 0.9], seed=1), 0, 1),
        not_measured(
            make_run(tmp_path / "c", [0.9, 0.9], strategy="Random", acquisition={"name": "r"}), 0, 1
        ),
    ]
    made, page = report_of(tmp_path / "out", *runs)
    assert made.notes[0].startswith("Not measured: b, c. There were no labelled test")
    assert [(row.miou_last, row.measured_last) for row in made.rows] == [(60, True), (None, False)]
    (row, _) = curve_table(group(read_runs(runs))).rows
    assert row[:3] == ("DS (entropy)", 0, 1)
    # Of two columns only one has values: none is the best.
    assert 'class="best"' not in page


def test_a_mean_without_class_is_undefined_and_not_unmeasured(tmp_path: Path) -> None:
    runs = [
        make_run(tmp_path / "a", [None, 0.5]),
        not_measured(make_run(tmp_path / "b", [0.5, None], seed=1, config={"x": 1}), 0),
    ]
    done = CliRunner().invoke(app, ["report", *map(str, runs), "--out", str(tmp_path / "out")])
    assert done.exit_code == 0, done.output
    lines = [line for line in done.output.splitlines() if "DS (entropy)" in line]
    assert ["undefined" in lines[0], "not measured" in lines[0]] == [True, False]
    assert ["undefined" in lines[1], "not measured" in lines[1]] == [True, True]
    all_undefined = make_run(tmp_path / "u", [None])
    made, page = report_of(tmp_path / "other", all_undefined)
    assert made.notes == ("No learning curve: the mIoU of all rounds is undefined.",)
    assert "Classes</h2>" in page


def test_images_drawn_by_lot_are_said_to_be(tmp_path: Path) -> None:
    drawn = make_run(tmp_path / "a", [0.5], config={"al": {"budget": 20, "test": 4}})
    _, page = report_of(tmp_path / "out", drawn)
    assert "Mean IoU on 4 test images drawn by lot" in page
    assert "the ground-truth pixels of 4 test images drawn by lot" in page
    # Validation images were drawn; the run was measured on the test images of the data.
    given = make_run(tmp_path / "b", [0.5], config={"al": {"budget": 20, "val": 4}})
    assert measured_on(read_runs([given])) == "the test split"
    assert measured_on(read_runs([not_measured(given, 0)])) is None


def test_what_was_not_measured_is_not_compared(tmp_path: Path) -> None:
    """The first run has no images, and an unmeasured round does not stand for others."""
    nothing = not_measured(make_run(tmp_path / "n", [0.5, 0.6]), 0, 1)
    late = not_measured(make_run(tmp_path / "l", [0.5, 0.6], seed=1), 0)
    other = make_run(tmp_path / "o", [0.5], seed=2)
    edit_json(other / "rounds" / "000" / "metrics" / "metrics.json", images=9)
    check_same_images(read_runs([nothing, late]))
    assert [b.name for _, b in measured_on_others(read_runs([nothing, late, other]))] == ["o"]
    with pytest.raises(RunError, match=r"^o was measured on 9 test images, not on the 4 of l"):
        check_same_images(read_runs([nothing, late, other]))


def test_other_splits_are_refused(tmp_path: Path) -> None:
    nothing = not_measured(make_run(tmp_path / "n", [0.5]), 0)
    runs = [nothing, *(make_run(tmp_path / f"{s}", [0.5], seed=s) for s in (1, 2))]
    group(read_runs(runs))
    edit_json(runs[2] / "rounds" / "000" / "metrics" / "metrics.json", split="val")
    with pytest.raises(RunError, match="1 and 2 are of different splits"):
        group(read_runs(runs))


def test_a_setting_that_one_run_leaves_at_its_default_is_named(tmp_path: Path) -> None:
    runs = [
        make_run(tmp_path / f"{test}", [0.5], config={"al": {"budget": 20, "test": test}})
        for test in (0, 4)
    ]
    labels = [one.label for one in group(read_runs(runs))]
    assert labels == ["DS (entropy), al.test=0", "DS (entropy), al.test=4"]
