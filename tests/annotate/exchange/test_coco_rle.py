"""COCO's run lengths, compared with pycocotools."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pycocotools import mask as coco

from raysal.annotate.exchange.coco_rle import decode, encode
from raysal.errors import DataError

MASK = np.zeros((4, 6), bool)
MASK[1:3, 2:5] = True
GOOD = encode(MASK)


@given(st.integers(1, 40), st.integers(1, 40), st.floats(0, 1), st.integers(0, 1 << 30))
def test_as_pycocotools(height: int, width: int, share: float, seed: int) -> None:
    mask = np.random.default_rng(seed).random((height, width)) < share
    code = encode(mask)
    assert coco.area({**code, "counts": code["counts"].encode()}) == mask.sum()
    assert code == {
        "size": [height, width],
        "counts": coco.encode(np.asfortranarray(mask, np.uint8))["counts"].decode(),
    }
    np.testing.assert_array_equal(decode(code, (height, width)), mask)


def test_long_runs() -> None:
    mask = np.zeros((1000, 3000), bool)
    mask[500:, 1500:] = True
    mask[3, 7] = True
    np.testing.assert_array_equal(decode(encode(mask), mask.shape), mask)


def test_uncompressed_counts_go_down_the_columns() -> None:
    expected = np.array([[0, 1, 0], [1, 1, 0]], bool)
    assert decode({"size": [2, 3], "counts": [1, 3, 2]}, (2, 3)).tolist() == expected.tolist()


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"counts": GOOD["counts"][:-1]}, "add up to|damaged"),
        ({"counts": GOOD["counts"] + "4"}, "add up to 30 pixels, the image has 24"),
        ({"counts": "\u00e4"}, "truncated or damaged"),
        ({"counts": "~~~~"}, "truncated or damaged"),
        ({"counts": "oooooooooooooooooooo0"}, "truncated or damaged"),
        ({"counts": ""}, "add up to 0 pixels"),
        ({"counts": [24, 1]}, "add up to 25 pixels"),
        ({"counts": [3]}, "add up to 3 pixels"),
        ({"counts": [1 << 70]}, "add up to"),
        ({"counts": [-1, 25]}, "neither text nor whole numbers"),
        ({"counts": [1.5, 22.5]}, "neither text nor whole numbers"),
        ({"counts": None}, "neither text nor whole numbers"),
        ({"size": [6, 4]}, "without its EXIF orientation"),
        ({"size": [8, 12]}, "has the program made the picture smaller or larger"),
        ({"size": [4]}, "no size of two numbers"),
        ({"size": None}, "no size of two numbers"),
    ],
)
def test_damage_is_said(change: dict[str, Any], reason: str) -> None:
    with pytest.raises(DataError, match=reason):
        decode({**GOOD, **change}, (4, 6))
