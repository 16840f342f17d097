"""Forecasts of runs with chosen numbers."""

from __future__ import annotations

import csv
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from raysal.report.build import build_report
from raysal.report.cost_unit import CostUnit
from raysal.report.forecast import forecast as module
from raysal.report.forecast.forecast import Forecast, forecast
from raysal.report.runs.read import read_runs
from raysal.report.runs.series import group
from tests.support.fabricate import make_run

COST = 40 + 20.0 * np.arange(6)
CURVE = list((65 - 180 * COST**-0.6) / 100)
"""mIoU of 45.3, 49.6, ... 55.4 %; 58 % at 120 images is beyond it."""


def foreseen(*runs: Path, **options: object) -> Forecast:
    (series,) = group(read_runs(runs))
    return forecast(series, CostUnit.images, **options)  # type: ignore[arg-type]


def runs(place: Path, rounds: int = 6) -> list[Path]:
    """Two runs, one with better initial labels than the other, and a little noise."""
    noise = np.random.default_rng(0).normal(0, 0.001, (2, 6))
    return [
        make_run(place / f"s{seed}", list(np.array(CURVE) + luck + noise[seed])[:rounds], seed=seed)
        for seed, luck in enumerate((0.01, -0.01))
    ]


def test_the_next_budgets(tmp_path: Path) -> None:
    found = foreseen(*runs(tmp_path))
    assert [point.cost for point in found.points] == [160, 180, 200]
    for point in found.points:
        true = 65 - 180 * point.cost**-0.6
        assert point.low < true < point.high
        assert point.miou == pytest.approx(true, abs=0.4)
    assert found.target is None
    assert found.sentence is None


def test_images_till_a_target(tmp_path: Path) -> None:
    found = foreseen(*runs(tmp_path), target=58.0)
    target = found.target
    assert target is not None
    true = (7 / 180) ** (-1 / 0.6)
    assert target.cost == pytest.approx(true, rel=0.1)
    assert target.low is not None
    assert target.high is not None
    assert target.low < true < target.high
    assert found.sentence is not None
    assert found.sentence.startswith("DS (entropy): 58 % mIoU is expected at ")


def test_a_target_that_is_reached_or_out_of_reach(tmp_path: Path) -> None:
    both = runs(tmp_path)
    reached = foreseen(*both, target=48.0)
    assert reached.sentence == "DS (entropy): 48 % mIoU was reached at 52 images."
    never = foreseen(*both, target=95.0)
    assert never.sentence == "DS (entropy): 95 % mIoU is not expected within 1,400 images."


def test_no_more_images_than_the_pool_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = SimpleNamespace(open=lambda *_: SimpleNamespace(images=170))
    monkeypatch.setattr(module, "Pool", opened)
    found = foreseen(*runs(tmp_path), target=62.0)
    assert [point.cost for point in found.points] == [160]
    assert found.sentence is not None
    assert "is not expected within 170 images" in found.sentence


def test_too_few_rounds_or_changed_settings(tmp_path: Path) -> None:
    few = foreseen(*runs(tmp_path, rounds=3))
    assert (few.law, few.points) == (None, ())
    assert few.why == "3 measured rounds that all its runs have, and 4 are needed"
    one = foreseen(make_run(tmp_path / "one", CURVE[:4]))
    assert one.why == "4 measured rounds, and 5 are needed"


def test_in_the_report(tmp_path: Path) -> None:
    both = runs(tmp_path)
    plain = build_report(both, tmp_path / "plain", strips=0)
    assert not plain.forecast
    rows = list(csv.DictReader((tmp_path / "plain" / "forecast.csv").open()))
    assert [row["images"] for row in rows] == ["160", "180", "200"]
    assert "drawn dashed in the curve" in plain.page.read_text()
    told = build_report(both, tmp_path / "told", strips=0, target=58)
    (sentence,) = told.forecast
    assert sentence in told.page.read_text()
    short = [make_run(tmp_path / "short", CURVE[:2])]
    report = build_report(short, tmp_path / "short_report", strips=0)
    assert not (tmp_path / "short_report" / "forecast.csv").exists()
    assert "Forecast" not in report.page.read_text()
    asked = build_report(short, tmp_path / "asked", strips=0, target=58)
    assert asked.forecast == ("No forecast for DS (entropy): 2 measured rounds, and 5 are needed.",)
