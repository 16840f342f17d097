"""Weighted sum of a map over a window, for every window of an image."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from raysal.inference.resolution import rounded

# Positions of a block in each direction: about the side of a window costs least.
SIDE = 128


Kernel = tuple[Tensor, Tensor]
"""Profiles of a separable kernel along rows and columns, float64; see `kernel.profile`."""


def response(map_HW: Tensor, kernel: Kernel, border: str = "valid") -> Tensor:
    """(P, P') correlation of a map with a separable kernel, in float64.

    Two products with banded matrices instead of a convolution with up to 256 x 256 taps: exact,
    and as fast on CPUs as on GPUs.

    Args:
        border: `valid`: positions are top-left corners of windows inside the image, P = H-S+1.
            `clip`: positions are centres, P = H; the map counts as 0 outside the image.
    """
    height, width = map_HW.shape
    bands = [
        _band(taps_S, length, border).to(map_HW.device)
        for taps_S, length in zip(kernel, (height, width), strict=True)
    ]
    # So that equal windows have equal responses in whichever order a matrix product sums.
    return rounded(bands[0] @ map_HW.double() @ bands[1].T)


def response_in_bands(
    map_HW: Tensor,
    covered_HW: np.ndarray,
    kernel: Kernel,
    border: str = "valid",
    side: int = SIDE,
) -> Tensor:
    """As `response`, for the map of a large scene, which becomes the response: (P, P') float32.

    Blocks of the map are multiplied with the same banded matrices, which are as small as a block
    then, so that besides the map no memory of its size is needed.

    Args:
        map_HW: float32 on the CPU; its memory is used for the result.
        covered_HW: bool, pixels that count as 0.
        side: of a block, in positions.
    """
    down, across = (
        _blocks(taps_S, length, border, side)
        for taps_S, length in zip(kernel, map_HW.shape, strict=True)
    )
    above_RW = map_HW[:0].clone()  # The last rows that are overwritten; they are needed once more.
    for positions, pixels, rows_PL in down:
        missing = max(0, positions.start - pixels.start)
        below_RW = map_HW[pixels.start + missing : pixels.stop]
        rows_LW = torch.cat([above_RW[len(above_RW) - missing :], below_RW])
        above_RW = rows_LW[: positions.stop - pixels.start][-len(kernel[0]) :].clone()
        rows_LW.masked_fill_(torch.from_numpy(covered_HW[pixels]), 0.0)
        summed_PW = rows_PL @ rows_LW.double()
        for places, columns, cols_PL in across:
            found_PP = summed_PW[:, columns] @ cols_PL.T
            # What is left of a number fits into float32.
            map_HW[positions, places] = rounded(found_PP).float()
    return map_HW[: down[-1][0].stop, : across[-1][0].stop]


def _blocks(
    taps_S: Tensor, length: int, border: str, side: int
) -> list[tuple[slice, slice, Tensor]]:
    """Positions of windows, `side` at a time; the pixels that these cover; and their band."""
    reach = len(taps_S)
    first = 0 if border == "valid" else -(reach // 2)
    positions = length - reach + 1 if border == "valid" else length
    found = []
    for start in range(0, positions, side):
        stop = min(start + side, positions)
        pixels = slice(max(0, start + first), min(length, stop - 1 + first + reach))
        offset_P1 = torch.arange(start, stop).unsqueeze(1) + first
        tap_PL = torch.arange(pixels.start, pixels.stop).unsqueeze(0) - offset_P1
        inside_PL = (tap_PL >= 0) & (tap_PL < reach)
        band_PL = taps_S[tap_PL.clamp(0, reach - 1)] * inside_PL
        found.append((slice(start, stop), pixels, band_PL))
    return found


def _band(taps_S: Tensor, length: int, border: str) -> Tensor:
    """(P, L): row p holds the taps at the pixels that the window at position p covers."""
    side = len(taps_S)
    assert side <= length, (side, length)
    first = 0 if border == "valid" else -(side // 2)
    positions = length - side + 1 if border == "valid" else length
    start_P1 = torch.arange(positions).unsqueeze(1) + first
    tap_PL = torch.arange(length).unsqueeze(0) - start_P1
    inside_PL = (tap_PL >= 0) & (tap_PL < side)
    return taps_S[tap_PL.clamp(0, side - 1)] * inside_PL
