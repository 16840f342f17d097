"""Areas, crossings and label efficiency of curves with known values."""

from __future__ import annotations

import numpy as np
import pytest

from raysal.report.statistics.curves import area, first_reached
from raysal.report.statistics.efficiency import label_efficiency

COST = np.array([40.0, 60.0, 100.0])


def test_area_is_the_mean_of_a_curve_between_two_costs() -> None:
    value = np.array([50.0, 60.0, 64.0])
    assert area(COST, value, 40, 100) == pytest.approx((20 * 55 + 40 * 62) / 60)
    assert area(COST, value, 50, 60) == pytest.approx(57.5)
    assert area(COST, value, 80, 80) == pytest.approx(62)


def test_where_a_curve_first_reaches_a_value() -> None:
    cost = np.tile(COST, (4, 1))
    value = np.array([[50, 60, 64], [50, 60, 55], [58, 60, 64], [50, 52, 54]], float)
    found = first_reached(cost, value, np.full(4, 58.0))
    assert found[:3] == pytest.approx([56, 56, 40])
    assert np.isinf(found[3])


def test_labels_that_a_strategy_needs_to_equal_its_rival() -> None:
    cost = np.tile(COST, (3, 1))
    rival = np.array([50.0, 54, 60]) + np.arange(3)[:, None]
    found = label_efficiency(cost, rival + np.array([0, 6, 6]), cost, rival)
    # It reaches 60 at 60 images, where the rival needs 100.
    assert (found.share, found.low, found.high) == pytest.approx((0.6, 0.6, 0.6))
    never = label_efficiency(cost, rival - 1, cost, rival)
    assert np.isinf(never.share)
    assert never.high is not None
    assert np.isinf(never.high)
    two = label_efficiency(cost[:2], rival[:2] + 1, cost[:2], rival[:2])
    assert two.low is None
