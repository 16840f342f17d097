"""The number of clicks that an annotator needs to draw the labels of a region."""

from __future__ import annotations

import numpy as np
from skimage import measure

from raysal.data.decode import IGNORE

TOLERANCE_PIXELS = 2.0
"""Maximum distance of a drawn outline from the true one."""


def region_clicks(truth: np.ndarray, row: int, col: int, height: int, width: int) -> int:
    """Clicks to draw the ground truth inside a rectangle; at least 1.

    The sum of

    - one click for each 4-connected component of a known class, to choose the class;
    - one for each change of class along the rectangle's edge, where outlines enter or leave;
    - one for each vertex in the interior of the rectangle of each component's outline, holes
      included, simplified by Douglas-Peucker to `TOLERANCE_PIXELS`.

    A border between two components is drawn for both. Unknown pixels (255) are not drawn.

    Adapted from the cost model of CEREALS (Mackowiak et al., BMVC 2018), which counts the vertices
    of the annotators' polygons and their crossings with the box. Masks have no polygons, hence the
    outlines.

    Args:
        truth: uint8 (H, W) class ids.
        row, col, height, width: the rectangle, in pixels; it lies inside the image.
    """
    crop = truth[row : row + height, col : col + width]
    components = measure.regionprops(measure.label(crop, background=IGNORE, connectivity=1))
    vertices = 0
    for component in components:
        # Padding closes the outlines of components that fill their bounding box.
        for outline in measure.find_contours(np.pad(component.image, 1), 0.5):
            vertices += _inner_vertices(outline + np.subtract(component.bbox[:2], 1), crop.shape)
    return max(1, len(components) + _transitions(crop) + vertices)


def _inner_vertices(outline_V2: np.ndarray, size: tuple[int, ...]) -> int:
    """Number of vertices of a closed outline that are not on the edge of the rectangle.

    Coordinates are (row, col) of pixel centres. An outline reaches the edge between two outermost
    pixels, in their row or column; vertices there or beyond are counted as changes of class.
    """
    step_V2 = np.diff(outline_V2, axis=0)
    corner_V = (step_V2 != np.roll(step_V2, 1, 0)).any(1)
    # Drop points of straight runs first: Douglas-Peucker may keep them if distances tie.
    corners_V2 = outline_V2[:-1][corner_V]
    closed_V2 = np.concatenate([corners_V2, corners_V2[:1]])
    polygon_V2 = measure.approximate_polygon(closed_V2, TOLERANCE_PIXELS)[:-1]
    inside_V2 = (polygon_V2 > 0) & (polygon_V2 < np.subtract(size, 1))
    return int(inside_V2.all(1).sum())


def _transitions(crop: np.ndarray) -> int:
    """Changes of class between neighbours along the closed ring of outermost pixels."""
    sides = (crop[0, :-1], crop[:-1, -1], crop[-1, :0:-1], crop[:0:-1, 0])
    walk = np.concatenate(sides)
    return int((walk != np.roll(walk, 1)).sum())
