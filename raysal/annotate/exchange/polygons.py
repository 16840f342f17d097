"""Areas inside of polygons."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from raysal.annotate.exchange.coco_rle import decode
from raysal.annotate.exchange.format import Size
from raysal.errors import DataError

# Polygons are drawn at five times their size: far corners would take all memory.
MOST_OUTSIDE = 2


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
    code = coco.merge(codes)
    return decode({"size": [height, width], "counts": code["counts"].decode("ascii")}, size)
