"""Learning curves of strategies under several values of a setting, as panels."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from raysal.report.build import build_report
from raysal.report.cost_unit import CostUnit
from raysal.report.draw.style import COLOURS
from raysal.report.runs.read import read_runs
from raysal.report.runs.series import Series, group
from raysal.report.summary.curve_figure import draw_curve
from raysal.report.summary.panels import panels
from tests.support.fabricate import make_run

RATES = (0.2, 0.4, 0.6)


def noisy(place: Path, strategies: Sequence[str] = ("Core-set", "CPRAL")) -> list[Path]:
    """A run of each strategy with each rate of noise."""
    return [
        make_run(
            place / f"{strategy}-{rate}",
            [0.5 - rate / 10, 0.6 - rate / 10],
            strategy=strategy,
            acquisition={"name": "coreset" if strategy == "Core-set" else "panoptic"},
            config={"noise": {"rate": rate}},
        )
        for strategy in strategies
        for rate in RATES
    ]


def series_of(runs: Sequence[Path]) -> tuple[Series, ...]:
    return group(read_runs(runs))


def test_a_panel_for_each_value(tmp_path: Path) -> None:
    series = series_of(noisy(tmp_path))
    found = panels(series)
    assert [panel.title for panel in found] == [f"noise.rate={rate}" for rate in RATES]
    assert [panel.places for panel in found] == [(0, 3), (1, 4), (2, 5)]
    figure = draw_curve(series, CostUnit.images)
    axes = [one for one in figure.axes if one.get_visible()]
    assert [one.get_title(loc="left") for one in axes] == [panel.title for panel in found]
    for rate, one in zip(RATES, axes, strict=True):
        lines = [line for line in one.lines if len(line.get_xydata()) > 1]
        assert [line.get_color() for line in lines] == list(COLOURS[:2])
        ends = [line.get_xydata()[-1, 1] for line in lines]
        assert ends == pytest.approx([60 - 10 * rate] * 2)
    names = [text.get_text() for text in figure.legends[0].get_texts()]
    assert names == ["Core-set", "CPRAL"]


def test_no_panels_of_few_lines_or_of_one_strategy(tmp_path: Path) -> None:
    runs = noisy(tmp_path)
    assert panels(series_of(runs[:2] + runs[3:5])) == ()
    assert panels(series_of(noisy(tmp_path / "one", ("CPRAL",)))) == ()
    plain = make_run(tmp_path / "plain", [0.5, 0.6], strategy="DS")
    assert panels(series_of([*runs, plain])) == ()


def test_the_page_says_so(tmp_path: Path) -> None:
    page = build_report(noisy(tmp_path), tmp_path / "out").page.read_text()
    assert "A panel for each value of the setting" in page
