"""What a person means to draw with the labelling tool, pixel by pixel, without its code."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from scipy import ndimage

from raysal.annotate.asked import AskedImage, where_asked
from raysal.data.decode import IGNORE

Place = tuple[float, float]
"""x, y in pixels of the image; the centre of the first pixel is (0.5, 0.5)."""


def pixel(at: Place) -> tuple[int, int]:
    """Row and column of the pixel at a place."""
    return int(at[1] // 1), int(at[0] // 1)


def _odd(value: float) -> float:
    return (2 * round(128 * value) + 1) / 256


class Drawing:
    """The class ids of one image as they should be after some steps.

    Args:
        image: only what it asks for can be painted.

    Attributes:
        raster: uint8 (H, W).
        was_asked, asked: bool (H, W): what the image asks for, and what can be painted.
        refused: bool (H, W): extended labels that are refused; None for none.
        clicks, undos: what the ledger should say.
    """

    def __init__(self, image: AskedImage) -> None:
        self.image = image
        self.was_asked = where_asked(image)
        self.asked = self.was_asked.copy()
        self.raster = np.full(image.size, IGNORE, np.uint8)
        self.refused: np.ndarray | None = None
        self.clicks = self.undos = 0
        self._before: list[np.ndarray] = []
        rows, cols = np.indices(image.size)
        self._x, self._y = cols + 0.5, rows + 0.5

    def paint(self, where: np.ndarray, class_id: int | np.ndarray, clicks: int = 1) -> None:
        """One step: give pixels a class each.

        Args:
            where: bool (H, W).
            class_id: one, or a raster of them.
        """
        self._before.append(self.raster)
        self.raster = np.where(where & self.asked, class_id, self.raster).astype(np.uint8)
        assert (self.raster != self._before[-1]).any(), "this step draws nothing"
        self.clicks += clicks

    def undo(self) -> None:
        """Take the last step back; what it cost stays."""
        self.raster = self._before.pop()
        self.undos += 1

    def stroke(self, places: Sequence[Place], diameter: float) -> np.ndarray:
        """The pixels whose centre a round brush passes."""
        found = np.zeros(self.image.size, bool)
        for a, b in zip(places, places[1:] or places, strict=False):
            found |= self._distance(a, b) <= diameter / 2
        return found

    def inside(self, corners: Sequence[Place]) -> np.ndarray:
        """The pixels whose centre a polygon encloses."""
        odd = np.zeros(self.image.size, bool)
        for (ax, ay), (bx, by) in zip(corners, [*corners[1:], corners[0]], strict=True):
            assert self._distance((ax, ay), (bx, by)).min() > 1e-6, "a centre lies on the border"
            if ay != by:
                between = (self._y < ay) != (self._y < by)
                odd ^= between & (self._x < ax + (self._y - ay) * (bx - ax) / (by - ay))
        return odd

    def cut(self, a: Place, b: Place, at: Place) -> np.ndarray:
        """Of the area at a place, what lies on the same side of a line through it.

        Ends of cuts are at odd multiples of 1/256 pixel, so that no centre lies on one.
        """
        a, b = ((_odd(x), _odd(y)) for x, y in (a, b))
        area = (self.raster == self.raster[pixel(at)]) & self._region(at)
        side = (b[0] - a[0]) * (self._y - a[1]) - (b[1] - a[1]) * (self._x - a[0])
        here = side[pixel(at)] > 0
        parts, _ = ndimage.label(area & ((side > 0) == here))
        return np.asarray(parts == parts[pixel(at)])

    def fill(self, superpixels: np.ndarray, filled: Iterable[Sequence[int]], at: Place) -> None:
        """One step: what has no label in a region follows from the scribbles in it.

        Args:
            filled: superpixel and class id each.
        """
        classes = np.full(int(superpixels.max()) + 1, IGNORE)
        for superpixel, class_id in filled:
            classes[superpixel] = class_id
        wanted = classes[superpixels]
        where = (self.raster == IGNORE) & (wanted != IGNORE) & self._region(at)
        self.paint(where, wanted, clicks=0)

    def accept(self, prediction: np.ndarray, region: int) -> None:
        """One step: what has no label in a region follows the model."""
        row, col, height, width = self.image.rectangles[region]
        where = np.zeros(self.image.size, bool)
        where[row : row + height, col : col + width] = True
        self.paint(where & (self.raster == IGNORE), prediction)

    def mark(self, clicks: int = 1) -> None:
        """A step that changes no pixel, such as a scribble or a cut."""
        self._before.append(self.raster)
        self.clicks += clicks

    def connected(self, at: Place) -> np.ndarray:
        """The area of one label at a place, within its region."""
        parts, _ = ndimage.label((self.raster == self.raster[pixel(at)]) & self._region(at))
        return np.asarray(parts == parts[pixel(at)])

    def _region(self, at: Place) -> np.ndarray:
        """The first asked rectangle in which a place lies."""
        y, x = pixel(at)
        found = np.zeros(self.image.size, bool)
        for row, col, height, width in self.image.rectangles:
            if row <= y < row + height and col <= x < col + width:
                found[row : row + height, col : col + width] = True
                return found
        raise AssertionError(f"{at} is not asked for")

    def _distance(self, a: Place, b: Place) -> np.ndarray:
        """Of all centres from a segment."""
        dx, dy = b[0] - a[0], b[1] - a[1]
        along = (self._x - a[0]) * dx + (self._y - a[1]) * dy
        t = np.clip(along / max(dx * dx + dy * dy, 1e-12), 0, 1)
        return np.asarray(np.hypot(self._x - a[0] - t * dx, self._y - a[1] - t * dy))
