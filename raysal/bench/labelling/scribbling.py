"""Scribbles for what is wrong: in each of the largest wrong areas, a straight stroke as long as it
can be."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from raysal.data.decode import IGNORE

ANGLES = 24
INSET = 2
"""Pixels from the border of an area, if it is wide enough."""


@dataclass(frozen=True)
class Stroke:
    """A straight stroke, from and to x, y."""

    class_id: int
    a: tuple[float, float]
    b: tuple[float, float]


def plan_strokes(
    raster_HW: np.ndarray, truth_HW: np.ndarray, most: int, least_pixels: int
) -> list[Stroke]:
    """Strokes for the largest areas of a true class that have another one.

    Args:
        raster_HW: class ids that are drawn.
        most: strokes.
        least_pixels: of an area.
    """
    from scipy import ndimage

    areas: list[tuple[int, int, np.ndarray]] = []
    wrong = (raster_HW != truth_HW) & (truth_HW != IGNORE)
    for class_id in np.unique(truth_HW[wrong]):
        pieces, count = ndimage.label(wrong & (truth_HW == class_id))
        sizes = np.bincount(pieces.reshape(-1), minlength=count + 1)[1:]
        for number in np.argsort(-sizes)[:most]:
            if sizes[number] >= least_pixels:
                areas.append((int(sizes[number]), int(class_id), pieces == number + 1))
    areas.sort(key=lambda area: -area[0])
    return [_stroke(class_id, mask) for _, class_id, mask in areas[:most]]


def _stroke(class_id: int, mask_HW: np.ndarray) -> Stroke:
    """The longest straight stroke through the widest place of an area."""
    from scipy import ndimage

    depth = ndimage.distance_transform_edt(np.pad(mask_HW, 1))[1:-1, 1:-1]
    inside = depth > min(INSET, float(depth.max()) / 2)
    row, col = divmod(int(depth.argmax()), depth.shape[1])
    best = (0.0, (row, col), (row, col))
    for angle in np.arange(ANGLES) * np.pi / ANGLES:
        ends = []
        for sign in (-1, 1):
            ends.append(_far(inside, row, col, sign * np.sin(angle), sign * np.cos(angle)))
        (r0, c0), (r1, c1) = ends
        length = float(np.hypot(r1 - r0, c1 - c0))
        if length > best[0]:
            best = (length, (r0, c0), (r1, c1))
    _, (r0, c0), (r1, c1) = best
    return Stroke(class_id, (c0 + 0.5, r0 + 0.5), (c1 + 0.5, r1 + 0.5))


def _far(inside_HW: np.ndarray, row: int, col: int, down: float, right: float) -> tuple[int, int]:
    """The last pixel inside on the way from one into a direction."""
    steps = np.arange(sum(inside_HW.shape))
    rows = np.rint(row + steps * down).astype(np.int64)
    cols = np.rint(col + steps * right).astype(np.int64)
    height, width = inside_HW.shape
    on = (rows >= 0) & (rows < height) & (cols >= 0) & (cols < width)
    rows, cols = rows[on], cols[on]
    out = np.flatnonzero(~inside_HW[rows, cols])
    last = max(0, (int(out[0]) if len(out) else len(rows)) - 1)
    return int(rows[last]), int(cols[last])
