"""Drags over superpixels that make a raster agree with a truth, planned greedily.

A drag paints all superpixels that it passes. The next one is always that which gains most pixels
for what it costs: a press, and less for each further place that it is led through. A place is worth
going to if it gains enough for that. What other drags would gain is looked at again only when they
come first, since a drag seldom makes another one better (lazy greedy, Minoux 1978).

Axes in names: H W size, N superpixels of a grain, C classes.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from raysal.data.decode import IGNORE

TURN_COST = 0.5
"""Of a further place of a drag, in presses."""
STARTS = 2
TARGETS = 40
SAMPLES = 96
"""Places that are looked at along a piece of a drag while one is sought."""
LONGEST = 24
"""Places of a drag."""

Place = tuple[int, int]
"""Row, column."""


@dataclass(frozen=True)
class Drag:
    """One drag.

    Attributes:
        grain: of the superpixels.
        places: one for a click.
    """

    grain: str
    class_id: int
    places: tuple[Place, ...]

    @property
    def cost(self) -> float:
        """In presses."""
        return 1 + TURN_COST * (len(self.places) - 1)


def plan_drags(
    raster_HW: np.ndarray,
    truth_HW: np.ndarray,
    grains: Mapping[str, np.ndarray],
    classes: int,
    enough: float,
    worth: float,
) -> Iterator[Drag]:
    """Drags, until enough pixels agree or nothing gains anything.

    Args:
        raster_HW: class ids that are drawn, `IGNORE` for none; it is changed.
        truth_HW: class ids, `IGNORE` where it is unknown.
        grains: superpixel of each pixel.
        enough: share of the pixels with a true class that is to agree.
        worth: share of them that a drag is led on for.
    """
    sheets = [Sheet(name, labels, truth_HW, classes) for name, labels in grains.items()]
    known = int((truth_HW != IGNORE).sum())
    right = int(((raster_HW == truth_HW) & (truth_HW != IGNORE)).sum())
    # The greatest first; of each grain and class, the best drag at the time it was sought.
    heap: list[tuple[float, int, int]] = [
        (-np.inf, which, class_id) for which in range(len(sheets)) for class_id in range(classes)
    ]
    found: dict[tuple[int, int], tuple[int, Drag | None]] = {}
    step = 0
    while right < enough * known and heap:
        _, which, class_id = heapq.heappop(heap)
        sheet = sheets[which]
        when, drag = found.get((which, class_id), (-1, None))
        if when < step:
            drag, gain = sheet.best_drag(raster_HW, class_id, worth * known)
            found[which, class_id] = step, drag
            if drag is not None:
                heapq.heappush(heap, (-gain / drag.cost, which, class_id))
            continue
        assert drag is not None
        yield drag
        sheet.paint(raster_HW, drag)
        right = int(((raster_HW == truth_HW) & (truth_HW != IGNORE)).sum())
        step += 1
        # Those that had nothing to gain may have now.
        there = {(a, b) for _, a, b in heap}
        heap = list(heap) + [
            (-np.inf, a, b)
            for a in range(len(sheets))
            for b in range(classes)
            if (a, b) not in there
        ]
        heapq.heapify(heap)


def cheapest_drags(
    raster_HW: np.ndarray,
    truth_HW: np.ndarray,
    grains: Mapping[str, np.ndarray],
    classes: int,
    enough: float,
    worths: Sequence[float] = (0.0007,),
) -> list[Drag]:
    """The cheapest of some plans; `raster_HW` stays as it is."""
    plans = [
        list(plan_drags(raster_HW.copy(), truth_HW, grains, classes, enough, worth))
        for worth in worths
    ]
    return min(plans, key=lambda plan: sum(drag.cost for drag in plan))


class Sheet:
    """The superpixels of a grain, and what is true in them."""

    def __init__(
        self, grain: str, labels_HW: np.ndarray, truth_HW: np.ndarray, classes: int
    ) -> None:
        self.grain, self.labels_HW, self.truth_HW = grain, labels_HW.astype(np.int64), truth_HW
        self.count = int(labels_HW.max()) + 1
        self._known = np.flatnonzero(truth_HW != IGNORE)
        self._label_of_known = self.labels_HW.reshape(-1)[self._known]
        index = self._label_of_known * classes + truth_HW.reshape(-1)[self._known]
        self.true_NC = np.bincount(index, minlength=self.count * classes).reshape(-1, classes)
        self.middle_N2 = _middles(self.labels_HW, self.count)

    def best_drag(
        self, raster_HW: np.ndarray, class_id: int, worth: float
    ) -> tuple[Drag | None, float]:
        """The drag of a class that gains most for its cost, and the pixels that it gains."""
        right = raster_HW.reshape(-1)[self._known] == self.truth_HW.reshape(-1)[self._known]
        right_N = np.bincount(self._label_of_known, weights=right, minlength=self.count)
        gain_N = self.true_NC[:, class_id] - right_N
        order = np.argsort(-gain_N)[:TARGETS]
        order = order[gain_N[order] > 0]
        best, most = None, 0.0
        for start in order[:STARTS]:
            drag, gain = self._lead(int(start), order, gain_N, class_id, worth)
            if best is None or gain / drag.cost > most / best.cost:
                best, most = drag, gain
        return best, most

    def paint(self, raster_HW: np.ndarray, drag: Drag) -> None:
        """Do what the page does."""
        passed = np.unique(self.labels_HW[_along(drag.places)])
        mask_N = np.zeros(self.count, bool)
        mask_N[passed] = True
        raster_HW[mask_N[self.labels_HW]] = drag.class_id

    def _lead(
        self, start: int, order: np.ndarray, gain_N: np.ndarray, class_id: int, worth: float
    ) -> tuple[Drag, float]:
        """Lead a drag on from a superpixel, as long as that is worth it."""
        left_N = gain_N.copy()
        total, left_N[start] = float(left_N[start]), 0.0
        places: list[Place] = [tuple(self.middle_N2[start].tolist())]
        share = np.linspace(0, 1, SAMPLES)
        while len(places) < LONGEST:
            ends = self.middle_N2[order[left_N[order] > 0]]
            if not len(ends):
                break
            here = np.array(places[-1])
            way = here + 0.5 + (ends - here)[:, None] * share[:, None]
            passed = np.sort(self.labels_HW[tuple(np.moveaxis(way.astype(np.int64), -1, 0))], 1)
            first = np.ones(passed.shape, bool)
            first[:, 1:] = passed[:, 1:] != passed[:, :-1]
            gains = (left_N[passed] * first).sum(1)
            best = int(gains.argmax())
            if gains[best] < max(worth, 1) * TURN_COST:
                break
            piece = (places[-1], tuple(ends[best].tolist()))
            passed_ids = np.unique(self.labels_HW[_along(piece)])
            gained = float(left_N[passed_ids].sum())
            if gained < max(worth, 1) * TURN_COST:
                break
            total += gained
            left_N[passed_ids] = 0
            places.append(piece[1])
        return Drag(self.grain, class_id, tuple(places)), total


def _along(places: Sequence[Place]) -> tuple[np.ndarray, np.ndarray]:
    """Rows and columns of the pixels of a line through some places."""
    from skimage.draw import line

    pieces = [line(*a, *b) for a, b in zip(places, places[1:] or places, strict=False)]
    rows, cols = zip(*pieces, strict=True)
    return np.concatenate(rows), np.concatenate(cols)


def _middles(labels_HW: np.ndarray, count: int) -> np.ndarray:
    """int64 (N, 2) the pixel of each superpixel that is nearest to its centre."""
    width = labels_HW.shape[1]
    flat = labels_HW.reshape(-1)
    row, col = np.divmod(np.arange(flat.size), width)
    area = np.maximum(np.bincount(flat, minlength=count), 1)
    far = (row - (np.bincount(flat, row, count) / area)[flat]) ** 2
    far += (col - (np.bincount(flat, col, count) / area)[flat]) ** 2
    order = np.lexsort((far, flat))
    first = np.ones(flat.size, bool)
    first[1:] = flat[order][1:] != flat[order][:-1]
    middle = np.zeros((count, 2), np.int64)
    middle[flat[order[first]]] = np.stack([row, col], 1)[order[first]]
    return middle
