"""A region of an image, and how many regions a budget in images buys."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Region:
    """A rectangle of an image, in pixels of the working size.

    Attributes:
        score: response of the attention kernel, above 0.
        pixels: number of its pixels that have no label yet.
        spare: whether it overlaps better regions of its image. Spare regions fill a budget that
            disjoint regions cannot fill.
    """

    row: int
    col: int
    height: int
    width: int
    score: float
    pixels: int
    spare: bool = False


def region_budget(images: float, size: tuple[int, int], window: tuple[int, int]) -> int:
    """Number of regions with the area of `images` images: ⌊½ + images·H·W / (h·w)⌋.

    Args:
        size: (H, W) of an image in pixels.
        window: (h, w) of a region in pixels.
    """
    return math.floor(0.5 + images * size[0] * size[1] / (window[0] * window[1]))
