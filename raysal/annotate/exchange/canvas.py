"""From the objects of an annotation to one map of classes."""

from __future__ import annotations

import numpy as np

from raysal.annotate.exchange.format import Drawn, Size
from raysal.data.decode import IGNORE
from raysal.errors import DataError


class Canvas:
    """Lays objects on an image, the later ones on top.

    Args:
        size: of the image.
    """

    def __init__(self, size: Size) -> None:
        self._raster = np.full(size, IGNORE, np.uint8)
        self._claimed_twice = 0

    def lay(self, mask: np.ndarray, class_id: int, row: int = 0) -> None:
        """Lay an object on top.

        Args:
            mask: bool (rows, W).
            row: the first of its rows in the image.
        """
        below = self._raster[row : row + len(mask)]
        others = below != IGNORE
        others &= below != class_id
        others &= mask
        self._claimed_twice += int(np.count_nonzero(others))
        np.copyto(below, np.uint8(class_id), where=mask)

    def drawn(self, *remarks: str) -> Drawn:
        """The map of classes, with a remark on pixels that objects of several classes claim."""
        if self._claimed_twice:
            remarks += (f"{self._claimed_twice} pixels claimed twice; the later object counts",)
        return Drawn(self._raster, remarks)


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
