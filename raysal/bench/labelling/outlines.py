"""Closed lines that make a raster agree with a truth: the fewest corners that reach it.

Each connected area of the truth is outlined, its holes are covered by later lines, and corners that
lie within a tolerance of the line through the others are left out (Douglas and Peucker, 1973).
Where the truth is unknown, an area may end anywhere: it gets the class that is nearest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from raysal.data.decode import IGNORE

TOLERANCES = (1.5, 2.0, 3.0, 4.0)
"""Pixels; of each truth, that one is taken which needs the fewest corners."""
LEAST_PIXELS = 12

Corner = tuple[float, float]
"""x, y."""


@dataclass(frozen=True)
class Outline:
    """A closed line."""

    class_id: int
    corners: tuple[Corner, ...]


def plan_outlines(
    raster_HW: np.ndarray, truth_HW: np.ndarray, enough: float, apart: float
) -> list[Outline]:
    """The plan with the fewest corners after which enough pixels agree.

    Args:
        raster_HW: what is drawn already.
        enough: share of the pixels with a true class.
        apart: pixels; corners are not nearer to each other, as a press beside a corner takes hold
            of it.

    Returns:
        Outlines in the order in which they are drawn; if no tolerance reaches it, those of the
        plan that comes nearest.
    """
    plans = [_plan(raster_HW, truth_HW, enough, apart, tolerance) for tolerance in TOLERANCES]
    reached = [plan for plan, share in plans if share >= enough]
    if not reached:
        return max(plans, key=lambda plan: plan[1])[0]
    return min(reached, key=lambda plan: sum(len(outline.corners) for outline in plan))


def _plan(
    raster_HW: np.ndarray, truth_HW: np.ndarray, enough: float, apart: float, tolerance: float
) -> tuple[list[Outline], float]:
    drawn_HW = raster_HW.copy()
    known = truth_HW != IGNORE
    plan: list[Outline] = []
    share = float((drawn_HW == truth_HW)[known].mean())
    for outline, inside in _areas(truth_HW, tolerance, apart):
        if share >= enough:
            break
        before = (drawn_HW == truth_HW)[inside & known].sum()
        after = (truth_HW == outline.class_id)[inside & known].sum()
        if after <= before:
            continue
        drawn_HW[inside] = outline.class_id
        share += float(after - before) / float(known.sum())
        plan.append(outline)
    return plan, share


def _areas(
    truth_HW: np.ndarray, tolerance: float, apart: float
) -> list[tuple[Outline, np.ndarray]]:
    """Outlines of all areas and the pixels inside, the largest first."""
    from scipy import ndimage
    from skimage.draw import polygon2mask
    from skimage.measure import approximate_polygon, find_contours

    nearest = ndimage.distance_transform_edt(
        truth_HW == IGNORE, return_distances=False, return_indices=True
    )
    full_HW = truth_HW[tuple(nearest)]
    found: list[tuple[int, Outline, np.ndarray]] = []
    for class_id in np.unique(full_HW):
        pieces, _ = ndimage.label(full_HW == class_id)
        for number, window in enumerate(ndimage.find_objects(pieces), 1):
            solid = ndimage.binary_fill_holes(pieces[window] == number)
            pixels = int(solid.sum())
            if pixels < LEAST_PIXELS:
                continue
            line = max(find_contours(np.pad(solid, 1).astype(np.float32), 0.5), key=len)
            # From the centres of a padded window to x, y where a pixel is from 0 to 1.
            corners = approximate_polygon(line, tolerance)[:-1] - 0.5
            corners += (window[0].start, window[1].start)
            kept = _apart([(float(x), float(y)) for y, x in corners], apart)
            if len(kept) < 3:
                continue
            inside = polygon2mask(full_HW.shape, [(y - 0.5, x - 0.5) for x, y in kept])
            found.append((pixels, Outline(int(class_id), tuple(kept)), inside))
    found.sort(key=lambda area: -area[0])
    return [(outline, inside) for _, outline, inside in found]


def _apart(corners: Sequence[Corner], apart: float) -> list[Corner]:
    """Corners without those that are too near to one before."""
    kept: list[Corner] = []
    for x, y in corners:
        if all((x - a) ** 2 + (y - b) ** 2 > apart**2 for a, b in kept):
            kept.append((x, y))
    return kept
