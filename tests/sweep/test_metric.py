"""Metrics of a learning curve, compared with numbers worked out by hand."""

from __future__ import annotations

import pytest

from raysal.experiment.cost import Cost
from raysal.experiment.record import Record
from raysal.sweep.config import SweepConfig
from raysal.sweep.metric import (
    auc_miou,
    curve_of,
    final_miou,
    measure,
    measure_so_far,
    miou_at,
)

CURVE = [(10.0, 0.2), (20.0, 0.4), (60.0, 0.5)]


def records() -> list[Record]:
    """Records of `CURVE` in images, with 100 pixels per image; one record has no clicks."""
    return [
        Record(
            round=index, name="r", seed=0, strategy="DS", fingerprint="0",
            labelled=Cost(images, int(100 * images), clicks=None if index == 1 else 7),
            queried=None, class_pixels=[1], miou=miou,
        )
        for index, (images, miou) in enumerate(CURVE)
    ]  # fmt: skip


def test_area_under_the_curve() -> None:
    # 10 images at a mean of 0.3, and 40 at a mean of 0.45: (3 + 18) / 50.
    assert auc_miou(CURVE) == pytest.approx(0.42)
    # Neither the unit nor a round on the straight line between two others matters.
    assert auc_miou([(7 * x, m) for x, m in CURVE]) == pytest.approx(0.42)
    assert auc_miou([CURVE[0], (15.0, 0.3), *CURVE[1:]]) == pytest.approx(0.42)
    assert auc_miou([(3.0, 0.25), (9.0, 0.25)]) == pytest.approx(0.25)
    assert auc_miou(CURVE[:1]) == pytest.approx(0.2)
    assert auc_miou([]) is None


def test_miou_at_a_cost() -> None:
    assert miou_at(CURVE, 20) == 0.4
    assert miou_at(CURVE, 15) == pytest.approx(0.3)
    assert miou_at(CURVE, 30) == pytest.approx(0.425)
    assert miou_at(CURVE, 60) == 0.5
    assert miou_at(CURVE, 9.9) is None
    assert miou_at(CURVE, 61) is None


def test_the_last_round() -> None:
    assert final_miou(CURVE) == 0.5
    assert final_miou([]) is None


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, 0.5),
        ({"metric": "auc_miou"}, 0.42),
        ({"metric": "auc_miou", "cost_unit": "pixels"}, 0.42),
        ({"metric": "miou_at", "at": {"pixels": 1500}}, 0.3),
        ({"metric": "miou_at", "at": {"images": 100}}, None),
        ({"metric": "miou_at", "at": {"regions": 3}}, None),
    ],
)
def test_metrics_of_a_run(settings: dict[str, object], expected: float | None) -> None:
    value = measure(SweepConfig.model_validate(settings), records())
    assert value == (None if expected is None else pytest.approx(expected))


def test_rounds_that_do_not_count_the_unit_are_left_out() -> None:
    assert curve_of(records(), "clicks") == [(7.0, 0.2), (7.0, 0.5)]
    assert auc_miou(curve_of(records(), "clicks")) == pytest.approx(0.35)


def test_before_the_cost_is_reached_miou_is_compared() -> None:
    config = SweepConfig.model_validate({"metric": "miou_at", "at": {"images": 60}})
    assert measure(config, records()[:2]) is None
    assert measure_so_far(config, records()[:2]) == 0.4
