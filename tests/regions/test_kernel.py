"""The attention kernel: its scale, its shape, and the number of windows in a budget."""

from __future__ import annotations

import itertools
import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from raysal.regions.kernel import profile
from raysal.regions.region import region_budget
from tests.support.attention import attention_kernel

GAUSSIAN = ("window_cdf", "window_cdf_extended", "pixel")
ALL = (*GAUSSIAN, "box")
sides = st.integers(1, 60)
sigmas = st.floats(0.05, 50)


@given(sides, sigmas, st.sampled_from(ALL))
def test_the_mean_square_is_1(side: int, sigma: float, kernel: str) -> None:
    """So that responses of any kernel have the scale of a plain sum."""
    taps_S = profile(side, sigma, kernel)
    assert taps_S.dtype == torch.float64
    assert float(taps_S.square().sum()) == pytest.approx(side)
    assert float(attention_kernel(side, sigma, kernel).square().sum()) == pytest.approx(side**2)


@given(sides, sigmas, st.sampled_from(ALL))
def test_symmetric_and_falling_from_the_centre(side: int, sigma: float, kernel: str) -> None:
    taps_S = profile(side, sigma, kernel)
    assert (taps_S >= 0).all()
    torch.testing.assert_close(taps_S, taps_S.flip(0), rtol=0, atol=1e-6)
    half = taps_S[(side - 1) // 2 :]
    assert (half.diff() <= 1e-6).all()
    kernel_SS = attention_kernel(side, sigma, kernel)
    torch.testing.assert_close(kernel_SS, kernel_SS.T, rtol=0, atol=0)


@pytest.mark.parametrize("kernel", ALL)
@pytest.mark.parametrize("side", [1, 2])
def test_windows_of_two_pixels_are_flat(side: int, kernel: str) -> None:
    assert torch.equal(profile(side, 2.0, kernel), torch.ones(side, dtype=torch.float64))


def test_a_wide_gaussian_is_the_box() -> None:
    box = profile(32, kernel="box")
    assert torch.equal(box, torch.ones(32, dtype=torch.float64))
    torch.testing.assert_close(profile(32, 1e-4, "window_cdf"), box, rtol=0, atol=1e-6)
    torch.testing.assert_close(profile(32, 1e5, "pixel"), box, rtol=0, atol=1e-6)


@given(st.integers(3, 40), st.floats(0.1, 4))
def test_the_window_extends_sigma_deviations_to_both_sides(side: int, sigma: float) -> None:
    def below(x: float) -> float:
        return (1 + math.erf(x / math.sqrt(2))) / 2

    edges = [sigma * (2 * i / side - 1) for i in range(side + 1)]
    share = torch.tensor([below(b) - below(a) for a, b in itertools.pairwise(edges)])
    expected = torch.sqrt(share / share.sum() * side).double()
    torch.testing.assert_close(profile(side, sigma), expected, rtol=0, atol=1e-5)


def test_limits_of_large_windows() -> None:
    kernel_SS = attention_kernel(2000)
    assert float(kernel_SS.max()) == pytest.approx(1.6718, abs=1e-3)
    assert float(kernel_SS.min()) == pytest.approx(0.2263, abs=1e-3)


@pytest.mark.parametrize("side", [9, 10, 64])
def test_in_pixels_the_deviation_is_the_same_in_any_window(side: int) -> None:
    weight_S = profile(side, 3.0, "pixel").square()
    middle = (side - 1) / 2
    for i in (side // 2, side // 2 + 2, side // 2 + 4):
        ratio = float(weight_S[i] / weight_S[side // 2])
        distances = (i - middle) ** 2 - (side // 2 - middle) ** 2
        assert ratio == pytest.approx(math.exp(-distances / 18))


@pytest.mark.parametrize(
    ("images", "size", "window", "regions"),
    [
        (1, (10, 10), (4, 4), 6),  # 6.25
        (1, (10, 10), (8, 5), 3),  # 2.5: halves are rounded up.
        (2, (48, 64), (16, 16), 24),
        (0.5, (48, 64), (48, 64), 1),
        (0, (48, 64), (16, 16), 0),
        (3, (6, 20), (6, 8), 8),  # 7.5; a window that was clamped to the image's height.
    ],
)
def test_regions_worth_some_images(
    images: float, size: tuple[int, int], window: tuple[int, int], regions: int
) -> None:
    assert region_budget(images, size, window) == regions
