"""The learning curve over any unit of cost."""

import csv
import io

import pytest
from typer.testing import CliRunner

from raysal.cli.main import app
from raysal.errors import RunError
from raysal.report.build import build_report
from raysal.report.cost_unit import CostUnit
from raysal.report.runs.read import read_runs
from raysal.report.runs.series import group
from raysal.report.summary.curve import curve_figure, curve_table
from tests.support.fabricate import edit_json, make_run


def test_the_table_has_all_units(tmp_path):
    series = group(read_runs([make_run(tmp_path / "a", [0.5, 0.6], regions=7)]))
    rows = list(csv.DictReader(io.StringIO(curve_table(series).csv())))
    assert [rows[1][unit] for unit in ("images", "regions", "pixels", "clicks", "seconds")] == [
        "60",
        "7",
        "2000",
        "",
        "",
    ]


def test_a_mean_over_some_of_the_runs_is_none(tmp_path):
    runs = [make_run(tmp_path / f"r{s}", [0.5], seed=s, regions=7 if s else None) for s in (0, 1)]
    (row,) = csv.DictReader(io.StringIO(curve_table(group(read_runs(runs))).csv()))
    assert (row["runs"], row["regions"], row["pixels"]) == ("2", "", "1000")


def test_the_curve_is_drawn_over_the_unit(tmp_path):
    run = make_run(tmp_path / "a", [0.5, 0.6])
    series = group(read_runs([run]))
    assert curve_figure(series, CostUnit.pixels) != curve_figure(series)
    page = build_report([run], tmp_path / "out", x=CostUnit.pixels).page.read_text()
    assert "mIoU in percent against labelled pixels" in page
    assert "mIoU against the number of labelled pixels the model" in page


def test_a_unit_that_a_run_does_not_count_is_refused(tmp_path):
    known = make_run(tmp_path / "known", [0.5], seed=1)
    edit_json(
        known / "rounds" / "000" / "record" / "record.json",
        labelled={"images": 3, "pixels": 4, "regions": 5, "clicks": 6},
    )
    runs = [known, make_run(tmp_path / "a", [0.5])]
    build_report([known], tmp_path / "out", x=CostUnit.clicks)
    with pytest.raises(RunError, match=r"^a does not count clicks \(round 0\).*; choose images or"):
        build_report(runs, tmp_path / "out", x=CostUnit.clicks)


def test_the_command_takes_the_unit(tmp_path):
    run = make_run(tmp_path / "a", [0.5, 0.6])
    done = CliRunner().invoke(app, ["report", str(run), "--x", "pixels"])
    assert done.exit_code == 0, done.output
    assert "labelled pixels" in (run / "report" / "report.html").read_text()


def test_another_word_is_refused(tmp_path):
    run = make_run(tmp_path / "a", [0.5])
    done = CliRunner().invoke(app, ["report", str(run), "--x", "words"])
    assert done.exit_code == 2
