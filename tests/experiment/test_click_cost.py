"""The number of clicks for a region, counted by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from raysal.data.decode import IGNORE
from raysal.experiment.click_cost import region_clicks

steady = settings(deadline=None, derandomize=True)
masks = arrays(
    np.uint8,
    st.tuples(st.integers(1, 14), st.integers(1, 14)),
    elements=st.sampled_from([0, 1, 2, IGNORE]),
)


def clicks(truth: np.ndarray) -> int:
    """Clicks for a whole image."""
    return region_clicks(truth, 0, 0, *truth.shape)


def plain(height: int = 20, width: int = 20) -> np.ndarray:
    return np.zeros((height, width), np.uint8)


@pytest.mark.parametrize("size", [(20, 20), (1, 1), (1, 9), (9, 1), (3, 200)])
def test_one_class(size: tuple[int, int]) -> None:
    assert clicks(plain(*size)) == 1


def test_unknown_is_not_drawn() -> None:
    assert clicks(np.full((20, 20), IGNORE, np.uint8)) == 1


@pytest.mark.parametrize("size", [(20, 20), (8, 50), (50, 8), (1, 40), (2, 40)])
def test_two_halves(size: tuple[int, int]) -> None:
    """Two components, and the border between them crosses the edge twice."""
    truth = plain(*size)
    truth[:, size[1] // 2 :] = 1
    assert clicks(truth) == clicks(truth.T) == 2 + 2


def test_a_half_that_is_unknown() -> None:
    truth = plain()
    truth[12:] = IGNORE
    assert clicks(truth) == 1 + 2


def test_an_island() -> None:
    """Two components; four corners of the hole and four of the island in it."""
    truth = plain()
    truth[7:13, 6:15] = 1
    assert clicks(truth) == 2 + 4 + 4


def test_an_unknown_island() -> None:
    truth = plain()
    truth[7:13, 6:15] = IGNORE
    assert clicks(truth) == 1 + 4


def test_a_speck() -> None:
    """Two components, and one vertex of each outline: the others are within the tolerance."""
    truth = plain()
    truth[9, 9] = 1
    assert clicks(truth) == 2 + 1 + 1


def test_components_that_touch_at_a_corner_are_separate() -> None:
    """Four components and four crossings; all four have a corner in the middle."""
    truth = plain()
    truth[:10, :10] = truth[10:, 10:] = 1
    assert clicks(truth) == 4 + 4 + 4


@pytest.mark.parametrize(("rows", "cols"), [
    (slice(10), slice(10)), (slice(10), slice(10, 20)),
    (slice(10, 20), slice(10)), (slice(10, 20), slice(10, 20)),
])  # fmt: skip
def test_a_patch_in_a_corner(rows: slice, cols: slice) -> None:
    """Two components, two crossings, and a corner of both; other corners are the rectangle's."""
    truth = plain()
    truth[rows, cols] = 1
    assert clicks(truth) == 2 + 2 + 2


def test_a_slanting_border_is_straight() -> None:
    truth = (np.arange(20)[:, None] > 8 + np.arange(40) // 10).astype(np.uint8)
    assert clicks(truth) == 2 + 2


def test_only_the_rectangle_counts() -> None:
    truth = plain(40, 60)
    truth[10:20, 20:40] = 1
    assert region_clicks(truth, 11, 21, 8, 18) == 1
    assert region_clicks(truth, 0, 0, 10, 60) == 1
    assert region_clicks(truth, 5, 5, 10, 50) == 2 + 2 + 4  # A dent with two corners.
    assert region_clicks(truth, 0, 0, 15, 30) == 2 + 2 + 2
    assert region_clicks(truth, 25, 40, 15, 20) == 1


@steady
@given(masks, st.integers(0, 5), st.integers(0, 5))
def test_pixels_outside_do_not_count(crop: np.ndarray, row: int, col: int) -> None:
    height, width = crop.shape
    truth = np.random.default_rng(0).integers(0, 3, (height + 8, width + 7)).astype(np.uint8)
    truth[row : row + height, col : col + width] = crop
    assert region_clicks(truth, row, col, height, width) == clicks(crop)


@steady
@given(masks, st.permutations(range(3)))
def test_class_ids_do_not_matter(truth: np.ndarray, names: list[int]) -> None:
    renamed = np.append(names, np.full(253, IGNORE)).astype(np.uint8)[truth]
    assert clicks(renamed) == clicks(truth)


@steady
@given(masks)
def test_at_least_a_click_for_each_class(truth: np.ndarray) -> None:
    assert clicks(truth) >= max(1, len(set(np.unique(truth)) - {IGNORE}))
