"""The clicks it takes to draw a region."""

from __future__ import annotations

import numpy as np
from skimage import measure

from raysal.data.decode import IGNORE

TOLERANCE_PIXELS = 2.0
"""How far a drawn outline may lie from the true one."""


def region_clicks(truth: np.ndarray, row: int, col: int, height: int, width: int) -> int:
    """Clicks that an annotator needs to draw the ground truth inside a rectangle; at least 1.

    The sum of

    - one click for each 4-connected piece of one known class, to choose the class;
    - one for each change of class along the rectangle's edge, where outlines enter and leave;
    - one for each vertex inside of each piece's outline, holes included, simplified by
      Douglas-Peucker to `TOLERANCE_PIXELS`.

    A border that two pieces share is clicked for both. Unknown pixels (255) are not drawn.

    After the cost model of CEREALS (Mackowiak et al., BMVC 2018), which counts the vertices of the
    annotators' own polygons and their crossings with the box; this is the version for masks, which
    have no polygons.

    Args:
        truth: uint8 (H, W) class ids.
        row: the rectangle's top in pixels, as in `Ask`; it lies inside the image.
    """
    crop = truth[row : row + height, col : col + width]
    pieces = measure.regionprops(measure.label(crop, background=IGNORE, connectivity=1))
    vertices = 0
    for piece in pieces:
        # Padding closes the outlines of pieces that fill their bounding box.
        for outline in measure.find_contours(np.pad(piece.image, 1), 0.5):
            vertices += _inner_vertices(outline + np.subtract(piece.bbox[:2], 1), crop.shape)
    return max(1, len(pieces) + _transitions(crop) + vertices)


def _inner_vertices(outline_V2: np.ndarray, size: tuple[int, ...]) -> int:
    """Vertices of a closed outline, in (row, col) of pixel centres, that are no edge clicks.

    Outlines cross the edge between two outermost pixels, so at one of those pixels' row or column:
    what lies there or beyond is on the edge.
    """
    step_V2 = np.diff(outline_V2, axis=0)
    corner_V = (step_V2 != np.roll(step_V2, 1, 0)).any(1)
    # Without the points of straight runs, which Douglas-Peucker may keep where distances tie.
    corners_V2 = outline_V2[:-1][corner_V]
    closed_V2 = np.concatenate([corners_V2, corners_V2[:1]])
    polygon_V2 = measure.approximate_polygon(closed_V2, TOLERANCE_PIXELS)[:-1]
    inside_V2 = (polygon_V2 > 0) & (polygon_V2 < np.subtract(size, 1))
    return int(inside_V2.all(1).sum())


def _transitions(crop: np.ndarray) -> int:
    """Changes of class between neighbours on the closed walk along the outermost pixels."""
    sides = (crop[0, :-1], crop[:-1, -1], crop[-1, :0:-1], crop[:0:-1, 0])
    walk = np.concatenate(sides)
    return int((walk != np.roll(walk, 1)).sum())
