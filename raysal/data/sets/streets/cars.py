"""Cars, vans, lorries and buses."""

from __future__ import annotations

import math
from dataclasses import dataclass

from raysal.data.sets.streets.canvas import Canvas
from raysal.data.sets.streets.classes import CAR
from raysal.data.sets.streets.colours import MUTED
from raysal.data.sets.streets.dice import Dice
from raysal.data.sets.streets.light import Light
from raysal.data.sets.streets.types import RGB, Point3, Rect

Plane = tuple[float, float, float]
"""A level rectangle in metres: rear, front, half its width."""
BUS_PAINT: tuple[RGB, ...] = ((176, 34, 36), (40, 90, 150), (226, 190, 60), (220, 220, 216))
WINDOWS: tuple[RGB, ...] = ((34, 38, 42), (52, 60, 66), (84, 96, 104))
YELLOW_PLATE: RGB = (236, 200, 60)
WHITE_PLATE: RGB = (232, 232, 228)


@dataclass(frozen=True)
class Body:
    """Measures of a kind of vehicle, in metres.

    Attributes:
        waist: height of the lower edge of the windows.
        bonnet: length of the bonnet; `boot` of the boot.
        front_slope: how far the windscreen leans back; `rear_slope` for the rear window.
    """

    length: float
    width: float
    waist: float
    roof: float
    bonnet: float
    boot: float
    front_slope: float
    rear_slope: float


BODIES: dict[str, Body] = {
    "saloon": Body(4.5, 1.78, 0.88, 1.44, 1.15, 0.75, 0.75, 0.6),
    "hatch": Body(3.9, 1.72, 0.90, 1.48, 0.95, 0.06, 0.75, 0.4),
    "estate": Body(4.6, 1.80, 0.92, 1.50, 1.15, 0.05, 0.7, 0.25),
    "suv": Body(4.6, 1.90, 1.05, 1.72, 1.05, 0.05, 0.55, 0.2),
    "van": Body(5.2, 2.00, 1.20, 2.30, 0.70, 0.02, 0.5, 0.05),
    "lorry": Body(7.5, 2.40, 1.10, 3.20, 0.15, 0.02, 0.1, 0.0),
    "bus": Body(11.0, 2.50, 1.20, 3.00, 0.05, 0.03, 0.06, 0.03),
}
LIKELY_CARS = (
    *("saloon",) * 6,
    *("hatch",) * 7,
    *("estate",) * 4,
    *("suv",) * 4,
    *("van",) * 3,
)
LIKELY = (*LIKELY_CARS, "lorry", "bus")
"""Kinds to pick from, each as many times as it is likely."""


class _Hull:
    """Places points of a vehicle whose middle is at (x, z) and that is turned by `turn` radians."""

    def __init__(self, x: float, z: float, turn: float) -> None:
        self.x, self.z = x, z
        self.sin, self.cos = math.sin(turn), math.cos(turn)

    def point(self, along: float, across: float, y: float) -> Point3:
        """The point `along` metres ahead of the middle and `across` metres to its right."""
        return (
            self.x + along * self.sin + across * self.cos,
            y,
            self.z + along * self.cos - across * self.sin,
        )

    def faces(self, low: Plane, high: Plane, y0: float, y1: float) -> dict[str, list[Point3]]:
        """Corners of each side of the block between `low` at height y0 and `high` at y1."""

        def corner(along: int, across: int, top: bool) -> Point3:
            rect = high if top else low
            return self.point(rect[along], across * rect[2], y1 if top else y0)

        def wall(a: tuple[int, int], b: tuple[int, int]) -> list[Point3]:
            return [corner(*a, False), corner(*b, False), corner(*b, True), corner(*a, True)]

        return {
            "rear": wall((0, -1), (0, 1)),
            "front": wall((1, 1), (1, -1)),
            "right": wall((0, 1), (1, 1)),
            "left": wall((1, -1), (0, -1)),
            "top": [corner(a, b, True) for a, b in ((0, -1), (0, 1), (1, 1), (1, -1))],
        }

    def lit(self, light: Light, side: str) -> float:
        """Brightness of a side."""
        if side == "top":
            return light.ambient + light.direct * 0.75
        along, across = {"rear": (-1, 0), "front": (1, 0), "right": (0, 1), "left": (0, -1)}[side]
        normal_x = along * self.sin + across * self.cos
        return light.on(normal_x, along * self.cos - across * self.sin)


def draw_car(
    canvas: Canvas, x: float, z: float, turn: float, kind: str, braking: bool, dice: Dice
) -> None:
    """Draw a vehicle whose middle is at (x, z).

    Args:
        turn: radians; at 0 it drives away from the camera.
        kind: key of `BODIES`.
    """
    body = BODIES[kind]
    paint = dice.tint(dice.pick(MUTED), 10)
    if kind == "bus":
        paint = dice.pick(BUS_PAINT)
    glass = dice.tint(dice.pick(WINDOWS), 10)
    hull = _Hull(x, z, turn)
    half, wide = body.length / 2, body.width / 2
    _underside(canvas, hull, half, wide)
    deck = (-half + 0.06, half - 0.08, wide - 0.03)
    lower = hull.faces((-half, half, wide), deck, 0.26, body.waist)
    for side, corners in lower.items():
        if canvas.faces_camera(corners):
            lit = hull.lit(canvas.light, side)
            canvas.face(corners, paint, CAR, lit)
            _trim(canvas, corners, side, paint, braking, dice.fork(), lit)
    for side in ("left", "right"):
        if canvas.faces_camera(lower[side]):
            _wheels(canvas, hull, half, wide * (1 if side == "right" else -1), kind)
    for side, corners in _cabin(hull, body).items():
        if canvas.faces_camera(corners):
            lit = hull.lit(canvas.light, side)
            canvas.face(corners, paint, CAR, lit)
            _panes(canvas, corners, side, kind, glass, dice.fork(), lit)


def _cabin(hull: _Hull, body: Body) -> dict[str, list[Point3]]:
    """Sides of the block that holds the windows."""
    half, wide = body.length / 2, body.width / 2
    rear, front = -half + body.boot, half - body.bonnet
    narrow = wide - (0.2 if body.roof < 1.8 else 0.08)
    roof = (rear + body.rear_slope, front - body.front_slope, narrow)
    return hull.faces((rear, front, wide - 0.04), roof, body.waist, body.roof)


def _underside(canvas: Canvas, hull: _Hull, half: float, wide: float) -> None:
    """The dark gap under the body, with the tyres as seen from behind or in front."""
    under = hull.faces((-half + 0.1, half - 0.1, wide - 0.08), (-half, half, wide), 0.02, 0.34)
    for side, corners in under.items():
        if side != "top" and canvas.faces_camera(corners):
            canvas.face(corners, (22, 22, 24), CAR)
            if side in ("rear", "front"):
                tyres: list[Rect] = [(0.02, 0, 0.16, 1), (0.84, 0, 0.98, 1)]
                canvas.decals(corners, tyres, [(14, 14, 15)], CAR)


def _trim(
    canvas: Canvas,
    corners: list[Point3],
    side: str,
    paint: RGB,
    braking: bool,
    dice: Dice,
    lit: float,
) -> None:
    """Lights, number plate and bumper of the ends; seams of the doors."""
    dark: RGB = (paint[0] * 0.55, paint[1] * 0.55, paint[2] * 0.55)
    if side in ("left", "right"):
        seams: list[Rect] = [(0.35, 0.1, 0.358, 1), (0.58, 0.1, 0.588, 1), (0.0, 0.0, 1, 0.16)]
        canvas.decals(corners, seams, [dark], CAR, lit)
    elif side in ("rear", "front"):
        bumper = dice.pick((dark, (34, 34, 36)))
        canvas.decals(corners, [(0.0, 0.0, 1, 0.3)], [bumper], CAR, lit)
        lamps: list[Rect]
        if side == "rear":
            lamp = (255, 40, 30) if braking or canvas.light.lamps else (150, 24, 26)
            plate = dice.pick((YELLOW_PLATE, WHITE_PLATE))
            lamps = [(0.03, 0.48, 0.17, 0.9), (0.83, 0.48, 0.97, 0.9)]
        else:
            lamp = (255, 250, 225) if canvas.light.lamps else (206, 212, 216)
            plate = WHITE_PLATE
            lamps = [(0.04, 0.5, 0.24, 0.84), (0.76, 0.5, 0.96, 0.84)]
            canvas.decals(corners, [(0.3, 0.42, 0.7, 0.7)], [(30, 30, 32)], CAR, lit)
        canvas.decals(corners, lamps, [lamp], CAR)
        canvas.decals(corners, [(0.36, 0.3, 0.64, 0.5)], [plate], CAR, lit)


def _wheels(canvas: Canvas, hull: _Hull, half: float, across: float, kind: str) -> None:
    """Two wheels on one side, if they are large enough to be seen."""
    radius = 0.45 if kind in ("lorry", "bus") else 0.32
    if canvas.camera.scale(hull.z) * radius < 2 * canvas.grain:
        return
    for along in (-half * 0.6, half * 0.62):
        for share, colour in ((1.0, (18, 18, 19)), (0.6, (120, 122, 126))):
            rim = [
                hull.point(
                    along + radius * share * math.cos(step * math.pi / 6),
                    across * 1.01,
                    radius + radius * share * math.sin(step * math.pi / 6),
                )
                for step in range(12)
            ]
            canvas.face(rim, colour, CAR)


def _panes(
    canvas: Canvas,
    corners: list[Point3],
    side: str,
    kind: str,
    glass: RGB,
    dice: Dice,
    lit: float,
) -> None:
    """The windows of one side of the cabin."""
    red, green, blue = (0.5 * g + 0.5 * s for g, s in zip(glass, canvas.light.skyline, strict=True))
    sky: RGB = (red, green, blue)
    if side == "top":
        return
    if kind == "lorry" and side != "front":
        if dice.chance(0.5):
            canvas.decals(corners, [(0.2, 0.3, 0.8, 0.75)], [dice.vivid()], CAR, lit)
    elif side in ("left", "right"):
        _side_panes(canvas, corners, side, kind, glass, sky, dice)
    else:
        canvas.decals(corners, [(0.07, 0.1, 0.93, 0.88)], [glass], CAR)
        if dice.chance(0.6):
            canvas.decals(corners, [(0.1, 0.5, 0.9, 0.86)], [sky], CAR)
        elif dice.chance(0.5):
            heads: list[Rect] = [(0.2, 0.1, 0.34, 0.6), (0.64, 0.1, 0.78, 0.6)]
            canvas.decals(corners, heads, [(24, 24, 26)], CAR)


def _side_panes(
    canvas: Canvas,
    corners: list[Point3],
    side: str,
    kind: str,
    glass: RGB,
    sky: RGB,
    dice: Dice,
) -> None:
    """Windows on the left or right of a car, a van or a bus."""
    if kind == "van":
        front = (0.72, 0.25, 0.96, 0.85) if side == "right" else (0.04, 0.25, 0.28, 0.85)
        canvas.decals(corners, [front], [glass], CAR)
    elif kind == "bus":
        panes = [(i / 8 + 0.01, 0.15, i / 8 + 0.115, 0.78) for i in range(8)]
        canvas.decals(corners, panes, [glass, sky, glass], CAR)
    else:
        canvas.decals(corners, [(0.05, 0.1, 0.48, 0.86), (0.52, 0.1, 0.95, 0.86)], [glass], CAR)
        if dice.chance(0.5):
            canvas.decals(corners, [(0.56, 0.5, 0.9, 0.82)], [sky], CAR)
