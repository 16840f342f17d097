"""The learning curve over any unit of cost."""

import csv
import io

import pytest
from typer.testing import CliRunner

from raysal.cli.main import app
from raysal.errors import RunError
from raysal.report.build import build_report
from raysal.report.cost_unit import CostUnit
from raysal.report.draw.style import figure_style
from raysal.report.runs.read import read_runs
from raysal.report.runs.series import group
from raysal.report.summary.curve import curve_table
from raysal.report.summary.curve_figure import curve_figure, draw_curve
from tests.support.fabricate import edit_json, make_run, write_answered


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


def spent(run, *seconds):
    """Let the labels of each round have taken so many seconds."""
    for index, amount in enumerate(seconds):
        cost = {"images": 3, "pixels": 4, "regions": 5, "clicks": 6, "seconds": amount}
        edit_json(run / "rounds" / f"{index:03d}" / "record" / "record.json", labelled=cost)
    return run


@pytest.mark.parametrize(
    ("longest_s", "unit", "right"),
    [(150.0, "s", 150), (1200.0, "min", 20), (36_000.0, "h", 10)],
)
def test_time_is_drawn_in_a_unit_that_can_be_read(tmp_path, longest_s, unit, right):
    run = spent(make_run(tmp_path / "a", [0.5, 0.6]), longest_s / 2, longest_s)
    with figure_style():
        (axes,) = draw_curve(group(read_runs([run])), CostUnit.seconds).axes
    assert axes.get_xlabel() == f"Labelling time [{unit}]"
    assert axes.lines[0].get_xdata()[-1] == pytest.approx(right)


def test_the_page_says_that_it_is_time(tmp_path):
    run = spent(make_run(tmp_path / "a", [0.5, 0.6]), 100.0, 3700.0)
    page = build_report([run], tmp_path / "out", x=CostUnit.seconds).page.read_text()
    assert "mIoU against the time that it took to label what the model was trained on." in page
    assert '<th class="n">Labelling time</th>' in page
    assert '<td class="n">1 h 02 min</td>' in page
    assert (tmp_path / "out" / "curve.csv").read_text().splitlines()[2].split(",")[7] == "3700"


def test_answers_without_a_time_are_counted(tmp_path):
    run = make_run(tmp_path / "a", [0.5])
    states = [("labelled", 3.0), ("unusable", None), ("labelled", None), ("given back", None)]
    rows = [
        {"image_id": str(i), "state": state, "seconds": s} for i, (state, s) in enumerate(states)
    ]
    write_answered(run / "initial", *rows)
    with pytest.raises(RunError, match=r"^a: 2 of 3 answers came without seconds \(round 0\), so"):
        build_report([run], tmp_path / "out", x=CostUnit.seconds)


def test_the_command_takes_the_unit(tmp_path):
    run = make_run(tmp_path / "a", [0.5, 0.6])
    done = CliRunner().invoke(app, ["report", str(run), "--x", "pixels"])
    assert done.exit_code == 0, done.output
    assert "labelled pixels" in (run / "report" / "report.html").read_text()


def test_another_word_is_refused(tmp_path):
    run = make_run(tmp_path / "a", [0.5])
    done = CliRunner().invoke(app, ["report", str(run), "--x", "words"])
    assert done.exit_code == 2


def test_a_difference_below_a_point_does_not_fill_the_axis(tmp_path):
    series = group(read_runs([make_run(tmp_path / "a", [0.0131, 0.0130])]))
    with figure_style():
        low, high = draw_curve(series, CostUnit.images).axes[0].get_ylim()
    assert high - low >= 1
    assert low <= 1.30 < 1.31 <= high
