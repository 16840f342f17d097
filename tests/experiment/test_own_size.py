"""Regions of the working size in pixels of the image's own size."""

from __future__ import annotations

import numpy as np
import pytest

from raysal.data.decode import resize_mask
from raysal.experiment.own_size import own_rectangle


def taken(own: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    return resize_mask(own.astype(np.uint8), size).astype(bool)


@pytest.mark.parametrize("own", [(30, 40), (31, 47), (45, 60), (90, 121), (300, 401), (33, 44)])
def test_what_is_drawn_in_it_is_what_was_asked(own: tuple[int, int]) -> None:
    size, rng = (30, 40), np.random.default_rng(own[0])
    for _ in range(40):
        row, col = int(rng.integers(0, 30)), int(rng.integers(0, 40))
        height, width = int(rng.integers(1, 31 - row)), int(rng.integers(1, 41 - col))
        top, left, tall, wide = own_rectangle((row, col, height, width), size, own)
        drawn = np.zeros(own, bool)
        drawn[top : top + tall, left : left + wide] = True
        asked = np.zeros(size, bool)
        asked[row : row + height, col : col + width] = True
        assert (taken(drawn, size) == asked).all()


def test_the_whole_image_is_the_whole_image() -> None:
    assert own_rectangle((0, 0, 30, 40), (30, 40), (777, 1001)) == (0, 0, 777, 1001)


def test_regions_of_one_another_meet() -> None:
    left, right = (own_rectangle((0, c, 30, 20), (30, 40), (50, 67)) for c in (0, 20))
    assert left[1] + left[3] == right[1]
    assert left[3] + right[3] == 67


@pytest.mark.parametrize("own", [(7, 9), (1, 1)])
def test_an_image_smaller_than_the_working_size(own: tuple[int, int]) -> None:
    top, left, tall, wide = own_rectangle((10, 10, 1, 1), (30, 40), own)
    assert 0 <= top < top + tall <= own[0]
    assert 0 <= left < left + wide <= own[1]
