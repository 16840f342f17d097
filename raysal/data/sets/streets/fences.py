"""Fences, walls and guard rails along a street."""

from __future__ import annotations

from dataclasses import dataclass

from raysal.data.sets.streets.canvas import Canvas
from raysal.data.sets.streets.classes import FENCE
from raysal.data.sets.streets.dice import Dice
from raysal.data.sets.streets.types import RGB, Point3

POSTS_END_M = 45
"""Posts farther away than this are not drawn."""


@dataclass(frozen=True)
class Fence:
    """A stretch of fence along the street.

    Attributes:
        x: in metres.
        near: z where it begins; it ends at `far`.
        height: in metres.
        kind: wall, boards, railing, mesh or barrier; hedge and shrubs are drawn as plants.
        side: -1 on the left, 1 on the right.
    """

    x: float
    near: float
    far: float
    height: float
    kind: str
    colour: RGB
    side: int
    dice: Dice


def draw_fence(canvas: Canvas, item: Fence) -> None:
    """Draw a fence. What shows through it counts as fence too, as in hand-drawn labels."""
    x, near, far, height = item.x, item.near, item.far, item.height
    lit = canvas.light.on(-item.side, 0)
    panel: list[Point3] = [(x, 0, near), (x, 0, far), (x, height, far), (x, height, near)]
    light_tone, dark_tone = item.dice.tint(item.colour, 18), item.dice.tint(item.colour, 18)
    if item.kind in ("wall", "boards"):
        _closed(canvas, item, panel, light_tone, dark_tone, lit)
    else:
        _see_through(canvas, item, panel, light_tone, lit)


def _closed(
    canvas: Canvas, item: Fence, panel: list[Point3], light_tone: RGB, dark_tone: RGB, lit: float
) -> None:
    """A wall with its coping, or boards."""
    canvas.face(panel, item.colour, FENCE, lit)
    if item.kind == "boards":
        count = max(int((item.far - item.near) / 0.45), 2)
        seams = [((i + 0.1) / count, 0.0, (i + 0.5) / count, 1.0) for i in range(count)]
    else:
        seams = [(0.0, i / 5, 1.0, i / 5 + 0.05) for i in range(1, 5)]
        canvas.decals(panel, [(0.0, 0.9, 1.0, 1.0)], [light_tone], FENCE, 1.0)
    canvas.decals(panel, seams, [light_tone, dark_tone], FENCE, lit)


def _see_through(canvas: Canvas, item: Fence, panel: list[Point3], tone: RGB, lit: float) -> None:
    """Rails and posts, with what is behind the fence showing through."""
    length = item.far - item.near
    opacity = {"railing": 0.3, "mesh": 0.45, "barrier": 0.15}[item.kind]
    canvas.veil(panel, item.colour, FENCE, opacity, lit)
    rails = [(0.0, 0.9, 1.0, 1.0), (0.0, 0.06, 1.0, 0.14)]
    if item.kind == "barrier":
        rails = [(0.0, 0.62, 1.0, 1.0), (0.0, 0.3, 1.0, 0.4)]
    spacing = {"railing": 0.3, "mesh": 2.4, "barrier": 2.0}[item.kind]
    if canvas.camera.depth(item.near) < POSTS_END_M:
        count = max(int(length / spacing), 1)
        thick = 0.25 / count if item.kind == "railing" else 0.09 / length
        rails += [(i / count, 0.0, i / count + thick, 0.97) for i in range(count)]
    canvas.decals(panel, rails, [tone], FENCE, lit)
