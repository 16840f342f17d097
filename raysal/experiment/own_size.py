"""Regions of the working size in the pixels of an image's own size."""

from __future__ import annotations

import numpy as np

from raysal.experiment.query import Rectangle


def own_rectangle(rectangle: Rectangle, size: tuple[int, int], own: tuple[int, int]) -> Rectangle:
    """The pixels of an image that a rectangle stands for.

    A label is resized by taking the nearest pixel, so that each pixel of the working size is
    answered by one of the image. All these are inside; those of pixels beside the rectangle are
    outside, unless the image is smaller than the working size.

    Args:
        rectangle: in pixels of the working size.
        size: the working size (height, width).
        own: (height, width) of the image.
    """
    row, col, height, width = rectangle
    top, bottom = _span(row, row + height, size[0], own[0])
    left, right = _span(col, col + width, size[1], own[1])
    return top, left, bottom - top, right - left


def _span(start: int, end: int, working: int, own: int) -> tuple[int, int]:
    """First pixel, and the one after the last; borders lie halfway between two taken pixels."""
    taken = _nearest(own, working)
    first = 0 if start == 0 else _halfway(taken[start - 1], taken[start])
    last = own if end == working else _halfway(taken[end - 1], taken[end])
    return first, max(last, first + 1)


def _halfway(before: int, after: int) -> int:
    return int(before + after + 1) // 2


def _nearest(own: int, working: int) -> np.ndarray:
    """The index of the pixel that `resize_mask` takes for each pixel of the working size."""
    from PIL import Image

    line = Image.fromarray(np.arange(own, dtype=np.int32)[None])
    return np.asarray(line.resize((working, 1), Image.Resampling.NEAREST))[0]
