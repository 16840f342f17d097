"""The response, compared with an explicit sum over each window."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from raysal.regions.config import RegionConfig
from raysal.regions.kernel import profile
from raysal.regions.response import Kernel, response

KERNELS = ("window_cdf", "window_cdf_extended", "pixel", "box")
borders = pytest.mark.parametrize("border", ["valid", "clip"])


def dense(map_HW: np.ndarray, kernel: Kernel, border: str) -> np.ndarray:
    """Map times two-dimensional kernel, summed window by window."""
    kernel_SS = np.outer(*(taps.numpy() for taps in kernel))
    (height, width), (rows, cols) = map_HW.shape, kernel_SS.shape
    if border == "clip":  # The window of the centre p begins at p - side // 2.
        map_HW = np.pad(map_HW, ((rows // 2, rows), (cols // 2, cols)))
        positions = height, width
    else:
        positions = height - rows + 1, width - cols + 1
    result = np.zeros(positions)
    for r, c in np.ndindex(positions):
        result[r, c] = (map_HW[r : r + rows, c : c + cols] * kernel_SS).sum()
    return result


@borders
@given(
    st.integers(1, 14),
    st.integers(1, 14),
    st.integers(1, 17),
    st.sampled_from(KERNELS),
    st.floats(0.3, 4),
    st.integers(0, 99),
)
def test_it_is_the_sum_over_each_window(
    border: str, height: int, width: int, w: int, name: str, sigma: float, seed: int
) -> None:
    """Odd and even windows, square and clamped to the image along one axis."""
    window = RegionConfig(w=w).window((height, width))
    kernel = profile(window[0], sigma, name), profile(window[1], sigma, name)
    map_HW = np.random.default_rng(seed).exponential(1.0, (height, width)).astype(np.float32)
    got = response(torch.from_numpy(map_HW), kernel, border)
    assert got.dtype == torch.float64
    np.testing.assert_allclose(got, dense(map_HW, kernel, border), rtol=1e-5, atol=0)


@pytest.mark.parametrize("side", [3, 4, 8])
@pytest.mark.parametrize("name", KERNELS)
def test_equal_windows_have_bitwise_equal_responses(side: int, name: str) -> None:
    """At any position, so that ties are broken by position, not by rounding."""
    tile = np.random.default_rng(0).random((side, side))
    map_HW = torch.from_numpy(np.tile(tile, (5, 6)))
    taps = profile(side, kernel=name)
    found = response(map_HW, (taps, taps))
    assert torch.equal(found[:-side], found[side:])
    assert torch.equal(found[:, :-side], found[:, side:])


def test_a_box_counts_the_pixels_inside() -> None:
    everything = torch.ones(7, 9, dtype=torch.bool)
    box = profile(4, kernel="box"), profile(3, kernel="box")
    valid = response(everything, box)
    assert valid.shape == (4, 7)
    assert (valid == 12).all()
    clip = response(everything, box, "clip")
    rows, cols = [2, 3, 4, 4, 4, 4, 3], [2, *[3] * 7, 2]
    assert torch.equal(clip, torch.outer(*(torch.tensor(x).double() for x in (rows, cols))))


@borders
def test_a_map_is_not_changed(border: str) -> None:
    map_HW = torch.rand(6, 6)
    kept = map_HW.clone()
    response(map_HW, (profile(3), profile(4)), border)
    assert torch.equal(map_HW, kept)
