"""p100, p90, and how much labelling comes near them."""

import csv
import io
import math

import pytest
from scipy.stats import t

from raysal.report.build import build_report
from raysal.report.cost_unit import CostUnit
from raysal.report.draw.style import figure_style
from raysal.report.runs.read import read_runs
from raysal.report.runs.series import group
from raysal.report.summary.curve_figure import draw_curve
from raysal.report.summary.full_data import (
    data_needed,
    first_reaching,
    full_data,
    needed_table,
)
from tests.support.fabricate import make_full, make_run


def load(*folders):
    found = group(read_runs(folders))
    return [one for one in found if not one.full], [one for one in found if one.full]


@pytest.mark.parametrize(
    ("values", "level", "amount"),
    [
        ([0.5, 0.6, 0.7], 0.65, 50.0),
        ([0.5, 0.6, 0.55, 0.7], 0.6, 40.0),  # The first time counts.
        ([0.5, 0.6], 0.5, 20.0),  # Perhaps fewer would do.
        ([0.5, 0.6], 0.61, None),
    ],
)
def test_where_a_curve_reaches_a_level(values, level, amount):
    points = list(zip((20.0, 40.0, 60.0, 80.0), values, strict=False))
    assert first_reaching(points, level) == (None if amount is None else pytest.approx(amount))


def test_the_mean_of_seeds_and_its_interval(tmp_path):
    series, full = load(
        make_run(tmp_path / "a", [0.5, 0.6, 0.7], seed=0),  # 40, 60, 80 images
        make_run(tmp_path / "b", [0.5, 0.64, 0.7], seed=1),
        make_full(tmp_path / "full", 0.7),
    )
    reference = full_data(full)
    p90, p95 = data_needed(series, reference, CostUnit.images)
    a, b = 60 + 20 * 0.3, 40 + 20 * 13 / 14
    assert p90.level == pytest.approx(63)
    assert p90.amounts == pytest.approx((a, b))
    half = t.ppf(0.975, 1) * (abs(a - b) / math.sqrt(2)) / math.sqrt(2)
    low, high = p90.interval
    assert (low, high) == pytest.approx((max(0, (a + b) / 2 - half), (a + b) / 2 + half))
    assert p90.percent == pytest.approx(100 * (a + b) / 2 / 400)
    assert p95.level == pytest.approx(66.5)


def test_no_mean_of_those_that_reach_it(tmp_path):
    series, full = load(
        make_run(tmp_path / "a", [0.5, 0.69], seed=0),
        make_run(tmp_path / "b", [0.5, 0.55], seed=1),
        make_full(tmp_path / "full", 0.7),
    )
    p90, _ = data_needed(series, full_data(full), CostUnit.images)
    assert (p90.amount, p90.interval, len(p90.amounts), p90.furthest) == (None, None, 1, 60)
    row = next(csv.DictReader(io.StringIO(needed_table(series, full_data(full)).csv())))
    assert (row["runs"], row["runs_reaching"], row["needed"]) == ("2", "1", "")
    assert row["not_reached_within"] == "60"


def test_the_levels_are_dashed_lines(tmp_path):
    series, full = load(make_run(tmp_path / "a", [0.5, 0.6]), make_full(tmp_path / "full", 0.7))
    with figure_style():
        (axes,) = draw_curve(series, CostUnit.images, full_data(full)).axes
    levels = [line.get_ydata()[0] for line in axes.lines if list(line.get_xdata()) == [0, 1]]
    assert levels == pytest.approx([70, 63])
    words = [text.get_text() for text in axes.texts]
    assert words == ["p100: all 400 images (70.0 %)", "p90 (63.0 %)"]
    low, high = axes.get_ylim()
    assert low < 50
    assert high > 70


def test_a_full_data_run_cuts_nothing(tmp_path):
    """It has one round; the others are shown to their last."""
    random = {"strategy": "Random", "acquisition": {"name": "random"}}
    runs = [
        *(make_run(tmp_path / f"d{s}", [0.5, 0.58, 0.6 + s / 100, 0.66], seed=s) for s in (0, 1)),
        make_run(tmp_path / "r0", [0.5, 0.55], **random),
        make_full(tmp_path / "full", 0.7),
    ]
    report = build_report(runs, tmp_path / "out", strips=0)
    assert [(row.strategy, row.rounds, row.miou_last) for row in report.rows] == [
        ("DS (entropy)", 4, pytest.approx(66)),
        ("Random", 2, pytest.approx(55)),
        ("All images", 1, pytest.approx(70)),
    ]
    page = " ".join(report.page.read_text().split())
    assert "At round 1, the last that all strategies have" in page
    assert "round 3, 100 images" in page
    assert "p90" in page
    assert "not reached within 60" in page
    compared = (tmp_path / "out" / "iou.csv").read_text().splitlines()
    assert compared[-1] == "mIoU,,58,55,70"
    last = (tmp_path / "out" / "iou_last.csv").read_text().splitlines()
    assert last[1:3] == ["round,,3,1,0", "images,,100,60,400"]
    assert last[-1] == "mIoU,,66,55,70"


def test_only_all_images_is_a_report_as_any(tmp_path):
    report = build_report([make_full(tmp_path / "full", 0.7)], tmp_path / "out")
    assert [(row.strategy, row.miou_last) for row in report.rows] == [
        ("All images", pytest.approx(70))
    ]
    assert "Data needed" not in report.page.read_text()
