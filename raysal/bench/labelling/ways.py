"""Four ways to label an image whose truth is known, by what a person can do at the page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from raysal.annotate.asked import AskedImage
from raysal.annotate.tool.prepare.superpixels import GRAINS
from raysal.bench.labelling.drags import Drag, cheapest_drags
from raysal.bench.labelling.hand import Effort, Hand
from raysal.bench.labelling.outlines import Outline, plan_outlines
from raysal.bench.labelling.scribbling import plan_strokes
from raysal.data.decode import IGNORE

ROUNDS = 4
"""After a plan has been carried out, what the page then has is looked at, and the rest planned."""
STROKES = 6
"""Scribbles between two fills."""
LEAST_GAIN = 0.02
"""Of a fill, as share of the pixels: if it gains less, scribbles have done what they can."""
LEAST_SHARE = 0.0004
"""Of the image: the smallest wrong area that gets a scribble."""
NEAR_CSS_PX = 13.0
"""A press nearer to a corner of a line may take hold of it, or close the line."""
SUPERPIXEL, SCRIBBLE, LINE = "s", "d", "l"


@dataclass(frozen=True)
class Task:
    """An image in the hand.

    Attributes:
        truth_HW: class ids, `IGNORE` where it is unknown.
        enough: share of the pixels with a true class that is to agree.
    """

    hand: Hand
    image: AskedImage
    truth_HW: np.ndarray
    classes: int
    enough: float

    @property
    def raster_HW(self) -> np.ndarray:
        """What the server has stored, once it has all."""
        self.hand.saved()
        return self.hand.raster(self.image, "answer")

    def agreement(self, raster_HW: np.ndarray) -> float:
        """The share of the pixels with a true class that agree."""
        known = self.truth_HW != IGNORE
        return float((raster_HW == self.truth_HW)[known].mean())

    def is_done(self, raster_HW: np.ndarray) -> bool:
        """Whether enough agrees."""
        return self.agreement(raster_HW) >= self.enough


def by_superpixels(task: Task) -> None:
    """Drags over superpixels of three grains."""
    task.hand.has("superpixels")
    _drag_superpixels(task, np.full(task.image.size, IGNORE, np.uint8))


def by_prediction(task: Task) -> None:
    """The prediction is accepted, and then corrected by drags over superpixels."""
    task.hand.has("superpixels", "prediction")
    task.hand.deed("Shift+a")
    _drag_superpixels(task, task.raster_HW)


def by_scribbles(task: Task) -> None:
    """Scribbles in what is wrong, and then the rest by a random walk, again and again; where that
    helps little, by drags over superpixels."""
    hand = task.hand
    hand.has("superpixels")
    hand.take(SCRIBBLE)
    hand.grain("fine")
    raster_HW = np.full(task.image.size, IGNORE, np.uint8)
    least = int(LEAST_SHARE * raster_HW.size)
    before = -1.0
    while task.agreement(raster_HW) > before + LEAST_GAIN and not task.is_done(raster_HW):
        before = task.agreement(raster_HW)
        strokes = plan_strokes(raster_HW, task.truth_HW, STROKES, least)
        if not strokes:
            break
        for stroke in sorted(strokes, key=lambda stroke: stroke.class_id):
            hand.take(SCRIBBLE, stroke.class_id)
            hand.drag([stroke.a, stroke.b])
        with hand.page.expect_response(lambda reply: reply.url.endswith("/fill")):
            hand.deed("f")
        hand.page.wait_for_timeout(100)  # It is painted, and then saved.
        raster_HW = task.raster_HW
    _drag_superpixels(task, raster_HW)


def by_polygons(task: Task) -> None:
    """Closed lines around the true areas, the largest first."""
    hand = task.hand
    raster_HW = np.full(task.image.size, IGNORE, np.uint8)
    for extra in range(ROUNDS):
        goal = min(1.0, task.enough + 0.001 * extra)
        for outline in plan_outlines(raster_HW, task.truth_HW, goal, NEAR_CSS_PX / hand.scale):
            _enclose(hand, outline)
        raster_HW = task.raster_HW
        if task.is_done(raster_HW):
            return


WAYS: dict[str, Callable[[Task], None]] = {
    "superpixels": by_superpixels,
    "scribbles": by_scribbles,
    "prediction": by_prediction,
    "polygons": by_polygons,
}
PREDICTED = ("prediction",)
"""Ways that a model helps with."""


@dataclass(frozen=True)
class Labelled:
    """What an image took.

    Attributes:
        agreement: of what is stored with the truth.
    """

    image_id: str
    way: str
    agreement: float
    effort: Effort


def label(way: str, task: Task) -> Labelled:
    """Label an image, and finish it."""
    WAYS[way](task)
    agreement = task.agreement(task.raster_HW)
    effort = task.hand.effort
    task.hand.finish()
    return Labelled(task.image.image_id, way, agreement, effort)


def _drag_superpixels(task: Task, raster_HW: np.ndarray) -> None:
    grains: dict[str, np.ndarray] = {
        grain: task.hand.raster(task.image, f"superpixels/{grain}", np.uint32) for grain in GRAINS
    }
    for extra in range(ROUNDS):
        if task.is_done(raster_HW):
            return
        goal = min(1.0, task.enough + 0.001 * extra)
        for drag in cheapest_drags(raster_HW, task.truth_HW, grains, task.classes, goal):
            _drag(task.hand, drag)
        raster_HW = task.raster_HW


def _drag(hand: Hand, drag: Drag) -> None:
    hand.take(SUPERPIXEL, drag.class_id)
    hand.grain(drag.grain)
    hand.drag([(col + 0.5, row + 0.5) for row, col in drag.places])


def _enclose(hand: Hand, outline: Outline) -> None:
    hand.take(LINE, outline.class_id)
    hand.click(*outline.corners)
    hand.key("c")
