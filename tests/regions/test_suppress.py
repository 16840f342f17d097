"""Suppression, compared with one that searches the whole map after every pick."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from raysal.regions.suppress import suppress

Pick = tuple[int, int, float]
# Few values, so that there are many ties; -inf marks windows that are forbidden beforehand.
responses = hnp.arrays(
    np.float64,
    st.tuples(st.integers(1, 13), st.integers(1, 13)),
    elements=st.sampled_from([-np.inf, -1.0, 0.0, 0.5, 1.0, 2.0, 3.0]),
)
windows = st.tuples(st.integers(1, 7), st.integers(1, 7))


def naive(response_PP: np.ndarray, window: tuple[int, int], floor: float) -> list[Pick]:
    """By the definition (METHODS: arg max, forbid what overlaps, repeat)."""
    left = response_PP.copy()
    rows, cols = np.indices(left.shape)
    picks: list[Pick] = []
    while True:
        row, col = (int(i) for i in np.unravel_index(left.argmax(), left.shape))
        if left[row, col] <= floor:
            return picks
        picks.append((row, col, float(left[row, col])))
        near = (abs(rows - row) < window[0]) & (abs(cols - col) < window[1])
        left[near] = -np.inf


@given(responses, windows, st.sampled_from([0.0, 0.5, 1.0]))
def test_the_same_as_searching_the_whole_map(
    response_PP: np.ndarray, window: tuple[int, int], floor: float
) -> None:
    kept = response_PP.copy()
    assert list(suppress(response_PP, window, floor)) == naive(response_PP, window, floor)
    assert np.array_equal(response_PP, kept)


@given(
    hnp.arrays(
        np.float64, st.tuples(st.integers(1, 20), st.integers(1, 20)), elements=st.floats(-1, 5)
    ),
    windows,
)
def test_windows_are_disjoint_ordered_and_leave_no_room(
    response_PP: np.ndarray, window: tuple[int, int]
) -> None:
    picks = list(suppress(response_PP, window))
    assert picks == naive(response_PP, window, 0.0)
    for (a, b, better), (c, d, worse) in itertools.combinations(picks, 2):
        assert abs(a - c) >= window[0] or abs(b - d) >= window[1]
        assert better >= worse
    for row, col in np.argwhere(response_PP > 0):
        assert any(abs(row - r) < window[0] and abs(col - c) < window[1] for r, c, _ in picks)


@pytest.mark.parametrize("value", [0.0, -1.0, -np.inf])
def test_nothing_to_pick(value: float) -> None:
    assert list(suppress(np.full((5, 7), value), (2, 2))) == []
