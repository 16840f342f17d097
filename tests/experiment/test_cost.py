"""Amounts of labelling work in every unit."""

from __future__ import annotations

from dataclasses import replace

import pytest

from raysal.experiment.cost import NOTHING, UNITS, Cost, total

WHOLE = Cost(images=1, pixels=100, regions=1, clicks=7, seconds=2.5)
PART = Cost(images=0.25, pixels=25, regions=1, clicks=3, seconds=0.5)


def test_every_unit_is_summed() -> None:
    assert total([WHOLE, PART]) == Cost(1.25, 125, 2, 10, 3.0)
    assert total([WHOLE, PART, PART]) == Cost(1.5, 150, 3, 13, 3.5)
    assert total([PART]) == PART
    assert total([]) == NOTHING


@pytest.mark.parametrize("unit", ["regions", "clicks", "seconds"])
def test_a_unit_unknown_in_one_cost_is_unknown_in_the_sum(unit: str) -> None:
    unknown = replace(PART, **{unit: None})
    for costs in ([WHOLE, unknown], [unknown, WHOLE], [WHOLE, unknown, PART]):
        together = total(costs)
        assert together.as_dict()[unit] is None
        assert together.in_unit(unit) == 0
        assert together.pixels == sum(cost.pixels for cost in costs)


def test_units_are_named() -> None:
    assert UNITS == ("images", "pixels", "regions", "clicks", "seconds")
    assert tuple(WHOLE.as_dict()) == UNITS
    assert [PART.in_unit(unit) for unit in UNITS] == [0.25, 25, 1, 3, 0.5]
