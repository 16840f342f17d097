"""Budgets: their size in pixels, and which asks they pay for."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from raysal.experiment.budget import Budget, BudgetUnit
from raysal.experiment.cost import Cost
from raysal.experiment.query import Ask

SIZE, WINDOW = (48, 64), (16, 16)
AREA, IMAGE = 16 * 16, 48 * 64
UNITS: tuple[BudgetUnit, ...] = ("images", "regions", "pixels", "clicks")
steady = settings(deadline=None, derandomize=True)


def ask(pixels: int = AREA, clicks: int = 5) -> Ask:
    cost = Cost(images=pixels / IMAGE, pixels=pixels, regions=1, clicks=clicks)
    return Ask("a", 0, 0, *WINDOW, 1.0, cost)


def regions(amount: int, unit: BudgetUnit) -> Budget:
    return Budget(amount, unit, SIZE, WINDOW)


@pytest.mark.parametrize(
    ("budget", "pixels"),
    [
        (Budget(3, "images", SIZE, SIZE), 3 * IMAGE),
        (regions(3, "images"), 3 * IMAGE),
        (Budget(3, "images", (10, 10), (4, 4)), 19 * 16),  # 18.75 windows.
        (Budget(1, "images", (10, 10), (10, 6)), 2 * 60),  # 1.67 windows.
        (regions(1000, "pixels"), 1000),
        (regions(7, "regions"), None),
        (regions(7, "clicks"), None),
    ],
)
def test_in_pixels(budget: Budget, pixels: int | None) -> None:
    """Image equivalents are rounded to whole windows."""
    assert budget.pixels == pixels


@pytest.mark.parametrize(
    ("budget", "smallest", "count"),
    [
        (Budget(3, "images", SIZE, SIZE), IMAGE, 3),
        (regions(2, "images"), AREA, 24),
        (regions(2, "images"), AREA // 4, 96),
        (regions(2 * AREA - 1, "pixels"), AREA, 1),
        (regions(2 * AREA, "pixels"), AREA, 2),
        (regions(7, "regions"), 1, 7),
        (regions(7, "clicks"), AREA, 7),
    ],
)
def test_maximum_number_of_asks(budget: Budget, smallest: int, count: int) -> None:
    assert budget.at_most(smallest) == count


@pytest.mark.parametrize(
    ("budget", "images"),
    [
        (Budget(3, "images", SIZE, SIZE), 3),
        (regions(3, "images"), 3),
        (regions(IMAGE, "pixels"), 1),
        (regions(IMAGE + 1, "pixels"), 2),
        (regions(12, "regions"), 1),  # 3 x 4 windows in an image.
        (regions(13, "regions"), 2),
        (Budget(13, "regions", (50, 70), WINDOW), 2),  # The same number in a slightly larger one.
        (regions(50, "clicks"), 0),
    ],
)
def test_minimum_number_of_images(budget: Budget, images: int) -> None:
    assert budget.images_needed() == images


@pytest.mark.parametrize(
    ("budget", "asks", "taken", "left"),
    [
        # An ask that uses up the budget exactly is taken.
        (Budget(2, "images", SIZE, SIZE), [ask(IMAGE)] * 2, 2, True),
        (Budget(2, "images", SIZE, SIZE), [ask(IMAGE)] * 3, 2, True),
        (Budget(2, "images", SIZE, SIZE), [ask(IMAGE)], 1, False),
        (regions(1, "images"), [ask()] * 13, 12, True),
        (regions(1, "images"), [ask(AREA // 2)] * 25, 24, True),  # Only new pixels count.
        (regions(5, "regions"), [ask()] * 9, 5, True),
        (regions(5, "regions"), [ask()] * 4, 4, False),
        (regions(1000, "pixels"), [ask()] * 9, 3, True),
        (regions(1000, "pixels"), [ask()] * 3, 3, False),
        (regions(12, "clicks"), [ask()] * 9, 2, True),
        # No ask after one that is too expensive is taken, even if it is cheap.
        (regions(12, "clicks"), [ask(clicks=10), ask(clicks=3), ask(clicks=1)], 1, True),
        (regions(12, "clicks"), [ask(clicks=13), ask(clicks=1)], 0, True),
        (regions(12, "clicks"), [], 0, False),
    ],
)
def test_filling(budget: Budget, asks: list[Ask], taken: int, left: bool) -> None:
    assert budget.fill(asks) == (asks[:taken], left)


@steady
@given(
    st.sampled_from(UNITS),
    st.integers(1, 40),
    st.lists(st.tuples(st.integers(1, 2 * AREA), st.integers(1, 9)), max_size=40),
)
def test_never_exceeded_and_never_stopped_early(
    unit: BudgetUnit, amount: int, costs: list[tuple[int, int]]
) -> None:
    budget = regions(amount * 97 if unit == "pixels" else amount, unit)
    asks = [ask(pixels, clicks) for pixels, clicks in costs]
    taken, left = budget.fill(asks)
    assert taken == asks[: len(taken)]

    def spent(some: list[Ask]) -> int:
        if unit == "regions":
            return len(some)
        return sum(a.cost.clicks if unit == "clicks" else a.cost.pixels for a in some)

    limit = budget.amount if budget.pixels is None else budget.pixels
    assert spent(taken) <= limit
    if len(taken) < len(asks):
        assert left
        assert spent(asks[: len(taken) + 1]) > limit
    else:
        assert left == (spent(taken) == limit)


@steady
@given(
    st.sampled_from(["images", "regions", "pixels"]),
    st.integers(1, 2**62),
    st.lists(st.integers(1, 2 * AREA), max_size=40),
    st.integers(1, 9),
    st.booleans(),
)
def test_rows_are_filled_like_asks(
    unit: BudgetUnit, amount: int, pixels: list[int], per_table: int, few: bool
) -> None:
    budget = regions(amount % 3000 + 1 if few else amount, unit)
    rows = pa.table({"pixels": pa.array(pixels, pa.int32())})
    tables = [rows.slice(start, per_table) for start in range(0, len(rows), per_table)]
    taken, left = budget.fill_rows(tables)
    asks, expected_left = budget.fill([ask(cost) for cost in pixels])
    costs = [] if taken is None else taken.column("pixels").to_pylist()
    assert (costs, left) == ([a.cost.pixels for a in asks], expected_left)


def test_only_asks_that_may_fit_are_priced() -> None:
    """Prices are computed only for asks that are considered."""
    looked_at = 0

    def endless() -> Iterator[Ask]:
        nonlocal looked_at
        while True:
            looked_at += 1
            yield ask()

    taken, left = regions(5, "regions").fill(endless())
    assert (len(taken), left, looked_at) == (5, True, 6)
