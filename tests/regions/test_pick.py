"""Picked regions: their scores, their positions, and the space between them."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from raysal.regions.config import RegionConfig
from raysal.regions.kernel import profile
from raysal.regions.pick import NEW_SHARE, RegionPicker
from raysal.regions.region import Region
from raysal.regions.response import response

borders = st.sampled_from(["valid", "clip"])


def pick(map_HW: np.ndarray, known_HW: np.ndarray | None = None, **config: Any) -> list[Region]:
    """The regions picked in a map."""
    picker = RegionPicker(RegionConfig(**config), (map_HW.shape[0], map_HW.shape[1]))
    return picker(torch.from_numpy(map_HW), known_HW)


def rectangles(regions: list[Region]) -> list[tuple[int, int, int, int]]:
    return [(r.row, r.col, r.height, r.width) for r in regions]


def cover(regions: list[Region], size: tuple[int, int]) -> np.ndarray:
    """The number of regions that contain each pixel."""
    count = np.zeros(size, int)
    for r in regions:
        count[r.row : r.row + r.height, r.col : r.col + r.width] += 1
    return count


def blobs(rng: np.random.Generator, size: tuple[int, int]) -> np.ndarray:
    """Entropy in some blobs and 0 elsewhere, as from a trained model."""
    map_HW = np.zeros(size, np.float32)
    for _ in range(4):
        top, left = rng.integers(0, size[0]), rng.integers(0, size[1])
        patch = map_HW[top : top + 5, left : left + 6]
        patch[:] = rng.exponential(1.0, patch.shape)
    return map_HW


@pytest.mark.parametrize("unit", [1e-12, 1.0])
def test_regions_are_found_in_maps_of_any_size(unit: float) -> None:
    """As in those of a network that is sure of nearly everything."""
    map_HW = np.zeros((24, 24))
    map_HW[2:6, 2:6], map_HW[12:16, 14:18] = unit, 1.001 * unit
    regions = pick(map_HW, w=4, kernel="box")
    assert rectangles(regions)[:2] == [(12, 14, 4, 4), (2, 2, 4, 4)]
    assert [r.score for r in regions[:2]] == pytest.approx([16.016 * unit, 16 * unit], rel=1e-5)


@settings(max_examples=60)
@given(
    st.integers(2, 20),
    st.integers(2, 24),
    st.integers(1, 9),
    borders,
    st.sampled_from(["window_cdf", "box"]),
    st.integers(0, 10**6),
)
def test_disjoint_regions(
    height: int, width: int, w: int, border: str, kernel: str, seed: int
) -> None:
    """Inside the image, disjoint, best first; `pixels` counts those that are not labelled."""
    rng, size = np.random.default_rng(seed), (height, width)
    map_HW, known_HW = blobs(rng, size), np.zeros(size, bool)
    known_HW[: height // 2, : rng.integers(0, width)] = True
    kept = map_HW.copy(), known_HW.copy()
    regions = pick(map_HW, known_HW, w=w, border=border, kernel=kernel)
    assert np.array_equal(map_HW, kept[0])
    assert np.array_equal(known_HW, kept[1])

    window = min(w, height), min(w, width)
    assert cover(regions, size).max(initial=0) <= 1
    for region in regions:
        assert not region.spare
        assert region.score > 0
        assert 0 <= region.row < region.row + region.height <= height
        assert 0 <= region.col < region.col + region.width <= width
        assert region.height <= window[0]
        assert region.width <= window[1]
        if border == "valid":
            assert (region.height, region.width) == window
        inside = np.s_[
            region.row : region.row + region.height, region.col : region.col + region.width
        ]
        assert region.pixels == (~known_HW[inside]).sum()
        if kernel == "box":
            worth = map_HW[inside][~known_HW[inside]].astype(np.float64).sum()
            assert region.score == pytest.approx(worth, rel=1e-5)
    for better, worse in itertools.pairwise(regions):
        assert better.score >= worse.score


@settings(max_examples=40)
@given(st.integers(0, 10**6), borders)
def test_labelled_pixels_count_nothing(seed: int, border: str) -> None:
    """Even where the passes disagree."""
    rng, size = np.random.default_rng(seed), (18, 22)
    map_HW, known_HW = blobs(rng, size), rng.random(size) < 0.3
    config: dict[str, Any] = {"w": 5, "border": border, "on_shortfall": "overlap"}
    expected = pick(np.where(known_HW, np.float32(0), map_HW), known_HW, **config)
    raised = np.where(known_HW, np.float32(9), map_HW)
    assert pick(raised, known_HW, **config) == expected
    assert pick(map_HW, np.ones(size, bool), **config) == []


@settings(max_examples=60)
@given(
    st.integers(4, 20),
    st.integers(4, 24),
    st.integers(2, 8),
    borders,
    st.booleans(),
    st.integers(0, 10**6),
)
def test_overlapping_regions_are_at_least_half_new(
    height: int, width: int, w: int, border: str, some_known: bool, seed: int
) -> None:
    rng, size = np.random.default_rng(seed), (height, width)
    map_HW = blobs(rng, size)
    known_HW = rng.random(size) < 0.2 if some_known else np.zeros(size, bool)
    disjoint = pick(map_HW, known_HW, w=w, border=border)
    regions = pick(map_HW, known_HW, w=w, border=border, on_shortfall="overlap")
    assert regions[: len(disjoint)] == disjoint

    spare = regions[len(disjoint) :]
    area = min(w, height) * min(w, width)
    covered = known_HW | (cover(disjoint, size) > 0)
    for region in spare:
        assert region.spare
        inside = np.s_[
            region.row : region.row + region.height, region.col : region.col + region.width
        ]
        new = int((~covered[inside]).sum())
        assert region.pixels == new >= NEW_SHARE * area
        assert map_HW[inside][~covered[inside]].sum() > 0
        covered[inside] = True
    for better, worse in itertools.pairwise(spare):
        assert better.score >= worse.score
    assert sum(r.pixels for r in regions) == (covered & ~known_HW).sum()

    # No other window qualifies.
    box = profile(min(w, height), kernel="box"), profile(min(w, width), kernel="box")
    new_PP = response(torch.from_numpy(~covered), box, border)
    worth_PP = response(torch.from_numpy(np.where(covered, 0, map_HW)), box, border)
    assert not ((new_PP >= NEW_SHARE * area) & (worth_PP > 1e-4)).any()


@pytest.mark.parametrize("border", ["valid", "clip"])
@pytest.mark.parametrize("on_shortfall", ["stop", "overlap"])
def test_where_all_passes_agree_nothing_is_picked(border: str, on_shortfall: str) -> None:
    nothing = np.zeros((12, 16), np.float32)
    assert pick(nothing, w=4, border=border, on_shortfall=on_shortfall) == []


def test_a_window_is_clamped_along_the_shorter_axis() -> None:
    flat = np.ones((6, 20), np.float32)
    assert rectangles(pick(flat, w=8, kernel="box")) == [(0, 0, 6, 8), (0, 8, 6, 8)]
    assert rectangles(pick(flat, w=100, kernel="box")) == [(0, 0, 6, 20)]
    assert RegionConfig(w=8).window((6, 20)) == (6, 8)


def test_overlapping_windows_fill_the_space_between_disjoint_ones() -> None:
    """Two windows of 8 leave four columns; the third overlaps the second by four."""
    flat = np.ones((6, 20), np.float32)
    regions = pick(flat, w=8, kernel="box", on_shortfall="overlap")
    assert rectangles(regions) == [(0, 0, 6, 8), (0, 8, 6, 8), (0, 12, 6, 8)]
    assert [(r.pixels, r.score, r.spare) for r in regions] == [
        (48, 48.0, False),
        (48, 48.0, False),
        (24, 24.0, True),
    ]


@pytest.mark.parametrize(
    ("w", "row", "col", "expected"),
    [
        (4, 0, 0, (0, 0, 2, 2)),
        (4, 11, 15, (9, 13, 3, 3)),
        (5, 0, 0, (0, 0, 3, 3)),
        (5, 11, 15, (9, 13, 3, 3)),
        (5, 0, 7, (0, 5, 3, 5)),
    ],
)
def test_at_the_border_a_centred_window_is_cut(
    w: int, row: int, col: int, expected: tuple[int, int, int, int]
) -> None:
    """The window is centred on a single pixel of disagreement, and part of it is outside."""
    map_HW = np.zeros((12, 16), np.float32)
    map_HW[row, col] = 1
    regions = pick(map_HW, w=w, border="clip")
    assert rectangles(regions) == [expected]
    assert regions[0].pixels == expected[2] * expected[3]
    valid = pick(map_HW, w=w)
    assert [(r.height, r.width) for r in valid] == [(w, w)]


def test_the_kernel_attends_to_the_middle() -> None:
    """Disagreement in the middle of a window counts more than in its corner."""
    map_HW = np.zeros((15, 15), np.float32)
    map_HW[7, 7] = 1
    centred = [(5, 5, 5, 5)]
    assert rectangles(pick(map_HW, w=5)) == centred
    assert rectangles(pick(map_HW, w=5, kernel="pixel", sigma=1.0)) == centred
    assert rectangles(pick(map_HW, w=5, kernel="box")) == [
        (3, 3, 5, 5)
    ]  # The box kernel treats both the same.
