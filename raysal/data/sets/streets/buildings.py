"""The buildings of a street."""

from __future__ import annotations

from dataclasses import dataclass

from raysal.data.sets.streets.canvas import Canvas
from raysal.data.sets.streets.classes import BUILDING
from raysal.data.sets.streets.colours import FACADE_PAINT, MASONRY
from raysal.data.sets.streets.dice import Dice
from raysal.data.sets.streets.facade import Facade, draw_facade, glazing, windows
from raysal.data.sets.streets.types import RGB, Point3, Rect

DEEP_M = 14.0
"""From the front of a building to its back."""
RIDGE_M = 5.5
"""From the front of a building to the ridge of its roof."""
STYLES = ("punched",) * 5 + ("ribbon", "curtain", "tall", "blank")
ROOFS: tuple[RGB, ...] = ((96, 70, 62), (74, 76, 84), (128, 82, 62), (60, 58, 58))


@dataclass(frozen=True)
class Building:
    """A block along the street.

    Attributes:
        side: -1 on the left, 1 on the right.
        front: metres from the line x = 0 to its front.
        near: z of its near end; `far` of the other.
        height: of its walls in metres.
        roof: flat, pitched or gable.
        bare: nothing stands against its near end.
    """

    side: int
    front: float
    near: float
    far: float
    height: float
    roof: str
    bare: bool
    dice: Dice


def draw_building(canvas: Canvas, item: Building) -> None:
    """Draw a building: its near end, roof and front, in this order."""
    dice, side, height, near, far = item.dice, item.side, item.height, item.near, item.far
    x, back = side * item.front, side * (item.front + DEEP_M)
    wall = dice.tint(dice.pick(MASONRY), 16)
    style = dice.pick(STYLES)
    roof_tone = dice.tint(dice.pick(ROOFS), 12)
    rise = 0.0 if item.roof == "flat" else dice.between(2.0, 4.0)
    ridge: Point3 = (side * (item.front + RIDGE_M), height + rise, near)

    if not canvas.shows([(x, 0, near), (x, 0, far), (back, 0, near), (back, height, near)]):
        return
    if canvas.camera.depth(near) > 1.5:
        end = [(x, 0.0, near), (back, 0.0, near), (back, height, near), (x, height, near)]
        _near_end(canvas, item, end, ridge if rise else None, wall)
    _roof(canvas, item, x, ridge, roof_tone, wall)
    # Seen from the street, the left end of a building on the right is its far end.
    left, right = (near, far) if side < 0 else (far, near)
    front: list[Point3] = [(x, 0, left), (x, 0, right), (x, height, right), (x, height, left)]
    lit = canvas.light.on(-side, 0)
    canvas.face(front, wall, BUILDING, lit)
    facade = Facade(front, height, far - near, near, item.roof == "flat", wall, style, lit)
    draw_facade(canvas, facade, dice)


def _near_end(
    canvas: Canvas, item: Building, end: list[Point3], ridge: Point3 | None, wall: RGB
) -> None:
    """The wall at the near end, which shows where the next building is lower or missing."""
    lit, dice = canvas.light.on(0, -1), item.dice
    outline = end if ridge is None else [*end[:3], ridge, end[3]]
    canvas.face(outline, wall, BUILDING, lit)
    if item.bare:
        _end_details(canvas, end, item.height, wall, lit, dice.fork())


def _end_details(
    canvas: Canvas, end: list[Point3], height: float, wall: RGB, lit: float, dice: Dice
) -> None:
    """Windows, a billboard, or courses of stone."""
    if dice.chance(0.45):
        rects = windows(height, DEEP_M, "punched", 0.6, dice)
        canvas.decals(end, rects, glazing(canvas.light, dice), BUILDING, lit)
    elif dice.chance(0.35):  # A billboard looks like a sign but counts as building.
        low = dice.between(0.25, 0.6)
        board: list[Rect] = [(0.06, low, 0.42, low + 0.25), (0.1, low + 0.05, 0.3, low + 0.18)]
        canvas.decals(end, board, [dice.pick(FACADE_PAINT), dice.vivid()], BUILDING, lit)
    else:
        bands = [(0.0, i / 9, 1.0, i / 9 + 0.012) for i in range(1, 9)]
        canvas.decals(end, bands, [dice.tint(wall, 24)], BUILDING, lit)


def _roof(
    canvas: Canvas, item: Building, x: float, ridge: Point3, roof_tone: RGB, wall: RGB
) -> None:
    """The slope that the street sees, or the gable, and now and then a chimney."""
    if item.roof == "flat":
        return
    height, near, far = item.height, item.near, item.far
    ridge_x, top, _ = ridge
    lit = canvas.light.on(-item.side, 0)
    if item.roof == "pitched":
        slope = [(x, height, near), (x, height, far), (ridge_x, top, far), ridge]
        canvas.face(slope, roof_tone, BUILDING, (lit + 1) / 2)
    else:
        peak = (x, top, (near + far) / 2)
        canvas.face([(x, height, near), (x, height, far), peak], wall, BUILDING, lit)
    if item.dice.chance(0.6):
        canvas.board(ridge_x, top - 0.8, near + 1.0, 0.9, 1.9, wall, BUILDING, 0.8)
