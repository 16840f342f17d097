"""From the objects of an annotation to one map of classes."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from raysal.annotate.exchange.format import Drawn, Size
from raysal.data.decode import IGNORE
from raysal.errors import DataError

# Polygons are drawn at five times their size: far corners would take all memory.
MOST_OUTSIDE = 2


class Canvas:
    """Lays objects on an image, the later ones on top.

    Args:
        size: of the image.
    """

    def __init__(self, size: Size) -> None:
        self._raster = np.full(size, IGNORE, np.uint8)
        self._claimed_twice = 0

    def lay(self, mask: np.ndarray, class_id: int) -> None:
        """Lay an object on top.

        Args:
            mask: bool (H, W).
        """
        before = self._raster[mask]
        self._claimed_twice += int(((before != IGNORE) & (before != class_id)).sum())
        self._raster[mask] = class_id

    def drawn(self, *remarks: str) -> Drawn:
        """The map of classes, with a remark on pixels that objects of several classes claim."""
        if self._claimed_twice:
            remarks += (f"{self._claimed_twice} pixels claimed twice; the later object counts",)
        return Drawn(self._raster, remarks)


def fill_polygons(polygons: Sequence[Sequence[float]], size: Size) -> np.ndarray:
    """The pixels inside of polygons, as COCO's own library rounds them: bool (H, W).

    Args:
        polygons: each x, y, x, y, ... in pixels.

    Raises:
        DataError: not numbers, fewer than three corners, or far outside of the image.
    """
    from pycocotools import mask as coco

    height, width = size
    for polygon in polygons:
        if not all(isinstance(n, int | float) and math.isfinite(n) for n in polygon):
            raise DataError("a polygon has a corner that is not a number")
        if len(polygon) < 6 or len(polygon) % 2:
            raise DataError(f"a polygon has {len(polygon)} numbers; three corners have six")
        for numbers, side in ((polygon[::2], width), (polygon[1::2], height)):
            if min(numbers) < -MOST_OUTSIDE * side or max(numbers) > (1 + MOST_OUTSIDE) * side:
                raise DataError("a polygon lies far outside of the image; is it of another size?")
    codes = coco.frPyObjects([[float(n) for n in polygon] for polygon in polygons], height, width)
    filled: np.ndarray = coco.decode(coco.merge(codes)).astype(bool)
    return filled


def times(size: Size) -> str:
    """A size for messages, height first."""
    return f"{size[0]}x{size[1]}"


def check_size(found: Size, asked: Size, what: str) -> None:
    """Check that something has the size of its image.

    Raises:
        DataError: it has another size.
    """
    if tuple(found) == tuple(asked):
        return
    hint = ""
    if tuple(found) == tuple(asked)[::-1]:
        hint = "; was it drawn on the picture without its EXIF orientation?"
    elif found[0] * asked[1] == found[1] * asked[0]:
        hint = "; has the program made the picture smaller or larger?"
    raise DataError(f"{what} is {times(found)}, the image {times(asked)} (height x width){hint}")
