"""Who is on a street: cars, vans and buses, people on foot, and cyclists."""

import math
from dataclasses import dataclass

from raysal.data.sets.streets.canvas import (
    BICYCLIST,
    CAR,
    PEDESTRIAN,
    RGB,
    Canvas,
    Dice,
    Point3,
    Rect,
)
from raysal.data.sets.streets.light import Light

PAINTS: tuple[RGB, ...] = (
    (206, 208, 210), (168, 170, 174), (120, 122, 126), (84, 86, 90), (40, 42, 46), (24, 24, 28),
    (236, 236, 232), (150, 28, 32), (36, 62, 120), (92, 120, 156), (44, 78, 60), (196, 180, 150),
    (112, 84, 60), (214, 170, 50), (92, 30, 44), (128, 136, 132),
)  # fmt: skip
SKINS: tuple[RGB, ...] = ((226, 186, 160), (198, 150, 120), (146, 100, 74), (92, 62, 48))
HAIRS: tuple[RGB, ...] = ((40, 32, 28), (90, 64, 42), (170, 140, 96), (130, 128, 126), (20, 20, 22))


Plane = tuple[float, float, float]  # a level rectangle: rear, front, half width


@dataclass(frozen=True)
class Body:
    """Measures of a kind of car, in metres; slopes are how far the glass leans in."""

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
KINDS = (
    *("saloon",) * 6, *("hatch",) * 7, *("estate",) * 4, *("suv",) * 4, *("van",) * 3,
    "lorry", "bus",
)  # fmt: skip


class _Hull:
    """A six-sided block with sloping sides, turned about the upright axis."""

    def __init__(self, x: float, z: float, turn: float) -> None:
        self.x, self.z = x, z
        self.sin, self.cos = math.sin(turn), math.cos(turn)

    def spot(self, along: float, across: float, y: float) -> Point3:
        return (
            self.x + along * self.sin + across * self.cos,
            y,
            self.z + along * self.cos - across * self.sin,
        )

    def faces(self, low: Plane, high: Plane, y0: float, y1: float) -> dict[str, list[Point3]]:
        """Faces between two level rectangles."""

        def corner(along: int, across: int, top: bool) -> Point3:
            rect = high if top else low
            return self.spot(rect[along], across * rect[2], y1 if top else y0)

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
        along, across = {"rear": (-1, 0), "front": (1, 0), "right": (0, 1), "left": (0, -1)}.get(
            side, (0, 0)
        )
        if side == "top":
            return light.ambient + light.direct * 0.75
        normal_x = along * self.sin + across * self.cos
        return light.on(normal_x, along * self.cos - across * self.sin)


def draw_car(
    canvas: Canvas, light: Light, x: float, z: float, turn: float, kind: str, braking: bool,
    dice: Dice,
) -> None:  # fmt: skip
    """A car with its middle at (x, z); turned by 0 it drives away from the eye."""
    body = BODIES[kind]
    paint = dice.tint(dice.pick(PAINTS), 10)
    if kind == "bus":
        paint = dice.pick(((176, 34, 36), (40, 90, 150), (226, 190, 60), (220, 220, 216)))
    hull = _Hull(x, z, turn)
    half, wide = body.length / 2, body.width / 2
    under = hull.faces((-half + 0.1, half - 0.1, wide - 0.08), (-half, half, wide), 0.02, 0.34)
    deck = (-half + 0.06, half - 0.08, wide - 0.03)
    lower = hull.faces((-half, half, wide), deck, 0.26, body.waist)
    rear, front = -half + body.boot, half - body.bonnet
    narrow = wide - (0.2 if body.roof < 1.8 else 0.08)
    roof = (rear + body.rear_slope, front - body.front_slope, narrow)
    cabin = hull.faces((rear, front, wide - 0.04), roof, body.waist, body.roof)
    glass = dice.tint(dice.pick(((34, 38, 42), (52, 60, 66), (84, 96, 104))), 10)
    for side, corners in under.items():
        if side != "top" and canvas.faces_eye(corners):
            canvas.face(corners, (22, 22, 24), CAR)
            if side in ("rear", "front"):
                tyres: list[Rect] = [(0.02, 0, 0.16, 1), (0.84, 0, 0.98, 1)]
                canvas.decals(corners, tyres, [(14, 14, 15)], CAR)
    for side, corners in lower.items():
        if canvas.faces_eye(corners):
            lit = hull.lit(light, side)
            canvas.face(corners, paint, CAR, lit)
            _trim(canvas, light, corners, side, paint, braking, dice.fork(), lit)
    for side in ("left", "right"):
        if canvas.faces_eye(lower[side]):
            _wheels(canvas, hull, half, wide * (1 if side == "right" else -1), kind)
    for side, corners in cabin.items():
        if canvas.faces_eye(corners):
            lit = hull.lit(light, side)
            canvas.face(corners, paint, CAR, lit)
            _panes(canvas, light, corners, side, kind, glass, dice.fork(), lit)


def _trim(
    canvas: Canvas, light: Light, corners: list[Point3], side: str, paint: RGB, braking: bool,
    dice: Dice, lit: float,
) -> None:  # fmt: skip
    """Lamps, plate and bumper, or the doors' seams."""
    dark: RGB = (paint[0] * 0.55, paint[1] * 0.55, paint[2] * 0.55)
    if side in ("left", "right"):
        seams: list[Rect] = [(0.35, 0.1, 0.358, 1), (0.58, 0.1, 0.588, 1), (0.0, 0.0, 1, 0.16)]
        canvas.decals(corners, seams, [dark], CAR, lit)
    elif side in ("rear", "front"):
        bumper = dice.pick((dark, (34, 34, 36)))
        canvas.decals(corners, [(0.0, 0.0, 1, 0.3)], [bumper], CAR, lit)
        if side == "rear":
            lamp = (255, 40, 30) if braking or light.lamps else (150, 24, 26)
            plate = dice.pick(((236, 200, 60), (232, 232, 228)))
            lamps: list[Rect] = [(0.03, 0.48, 0.17, 0.9), (0.83, 0.48, 0.97, 0.9)]
        else:
            lamp = (255, 250, 225) if light.lamps else (206, 212, 216)
            plate = (232, 232, 228)
            lamps = [(0.04, 0.5, 0.24, 0.84), (0.76, 0.5, 0.96, 0.84)]
            canvas.decals(corners, [(0.3, 0.42, 0.7, 0.7)], [(30, 30, 32)], CAR, lit)
        canvas.decals(corners, lamps, [lamp], CAR)
        canvas.decals(corners, [(0.36, 0.3, 0.64, 0.5)], [plate], CAR, lit)


def _wheels(canvas: Canvas, hull: _Hull, half: float, across: float, kind: str) -> None:
    radius = 0.45 if kind in ("lorry", "bus") else 0.32
    if canvas.camera.scale(hull.z) * radius < 2 * canvas.grain:
        return
    for along in (-half * 0.6, half * 0.62):
        for share, colour in ((1.0, (18, 18, 19)), (0.6, (120, 122, 126))):
            rim = [
                hull.spot(
                    along + radius * share * math.cos(step * math.pi / 6),
                    across * 1.01,
                    radius + radius * share * math.sin(step * math.pi / 6),
                )
                for step in range(12)
            ]
            canvas.face(rim, colour, CAR)


def _panes(
    canvas: Canvas, light: Light, corners: list[Point3], side: str, kind: str, glass: RGB,
    dice: Dice, lit: float,
) -> None:  # fmt: skip
    shine = tuple(0.5 * g + 0.5 * s for g, s in zip(glass, light.skyline, strict=True))
    sky = (shine[0], shine[1], shine[2])
    if side == "top":
        return
    if kind == "lorry" and side != "front":
        if dice.chance(0.5):
            canvas.decals(corners, [(0.2, 0.3, 0.8, 0.75)], [dice.vivid()], CAR, lit)
        return
    if kind == "van" and side in ("left", "right"):
        front = (0.72, 0.25, 0.96, 0.85) if side == "right" else (0.04, 0.25, 0.28, 0.85)
        canvas.decals(corners, [front], [glass], CAR)
        return
    if kind == "bus" and side in ("left", "right"):
        panes = [(i / 8 + 0.01, 0.15, i / 8 + 0.115, 0.78) for i in range(8)]
        canvas.decals(corners, panes, [glass, sky, glass], CAR)
        return
    if side in ("left", "right"):
        canvas.decals(corners, [(0.05, 0.1, 0.48, 0.86), (0.52, 0.1, 0.95, 0.86)], [glass], CAR)
        if dice.chance(0.5):
            canvas.decals(corners, [(0.56, 0.5, 0.9, 0.82)], [sky], CAR)
        return
    canvas.decals(corners, [(0.07, 0.1, 0.93, 0.88)], [glass], CAR)
    if dice.chance(0.6):
        canvas.decals(corners, [(0.1, 0.5, 0.9, 0.86)], [sky], CAR)
    elif dice.chance(0.5):  # heads of those inside
        canvas.decals(corners, [(0.2, 0.1, 0.34, 0.6), (0.64, 0.1, 0.78, 0.6)], [(24, 24, 26)], CAR)


def draw_person(
    canvas: Canvas, light: Light, x: float, z: float, dice: Dice, cls: int = PEDESTRIAN
) -> None:
    """Somebody standing or walking, in any clothes."""
    size = dice.pick((1.0, 1.0, 1.0, 0.95, 1.05, 0.7))  # the last is a child
    lit = 0.4 + 0.6 * light.on(0, -1)
    coat, legs = dice.tint(dice.vivid(), 10), dice.tint(dice.pick(PAINTS), 16)
    if dice.chance(0.45):
        coat = dice.tint(dice.pick(((30, 32, 38), (52, 54, 66), (88, 78, 66), (120, 118, 116))))
    skin, hair = dice.pick(SKINS), dice.pick(HAIRS)
    stride = dice.between(0.02, 0.34) * size
    build = dice.between(0.36, 0.52) * size
    lean = dice.between(-0.05, 0.05)

    def limb(path: list[tuple[float, float]], width: float, colour: RGB) -> None:
        joints = [(x + size * a, size * b) for a, b in path]
        canvas.stroke(joints, z, width * size, colour, cls, lit)

    limb([(-0.06, 0.85), (-stride, 0.04)], 0.17, legs)
    limb([(0.06, 0.85), (stride, 0.04)], 0.17, legs)
    canvas.board(x - stride * size, 0, z, 0.22 * size, 0.09 * size, (26, 24, 24), cls, lit)
    canvas.board(x + stride * size, 0, z, 0.22 * size, 0.09 * size, (26, 24, 24), cls, lit)
    hem = dice.pick((0.8, 0.8, 0.55))  # a jacket or a long coat
    torso: list[Point3] = [
        (x - build * 0.48, hem * size, z), (x + build * 0.48, hem * size, z),
        (x + build * 0.55 + lean, 1.42 * size, z), (x - build * 0.55 + lean, 1.42 * size, z),
    ]  # fmt: skip
    canvas.face(torso, coat, cls, lit)
    swing = dice.between(-0.25, 0.25)
    limb([(-0.22, 1.38), (-0.27 - swing * 0.3, 1.1), (-0.22 - swing, 0.85)], 0.12, coat)
    limb([(0.22, 1.38), (0.27 + swing * 0.3, 1.1), (0.22 + swing, 0.85)], 0.12, coat)
    canvas.disc(x + lean, 1.58 * size, z, 0.12 * size, skin, cls, 1.25)
    canvas.disc(x + lean, 1.66 * size, z, 0.12 * size, hair, cls, 0.7)
    extra = dice.unit()
    if extra < 0.2:
        canvas.board(x + dice.pick((-0.36, 0.36)), 0.5 * size, z, 0.3, 0.4, dice.vivid(), cls, lit)
    elif extra < 0.35:
        canvas.board(x + lean, 0.95 * size, z, 0.3, 0.42, dice.vivid(), cls, lit)
    if light.wet > 0.2 and dice.chance(0.5):
        cover: list[Point3] = [
            (x - 0.55, 1.8 * size, z), (x + 0.55, 1.8 * size, z), (x + 0.3, 2.05 * size, z),
            (x - 0.3, 2.05 * size, z),
        ]  # fmt: skip
        canvas.face(cover, dice.vivid(), cls, lit)


def draw_cyclist(
    canvas: Canvas, light: Light, x: float, z: float, across: bool, dice: Dice
) -> None:
    """A rider on a bicycle, seen from behind or before, or from the side."""
    cls = BICYCLIST
    lit = 0.4 + 0.6 * light.on(0, -1)
    coat, legs = dice.tint(dice.vivid(), 10), dice.tint(dice.pick(PAINTS[3:]), 16)
    skin, frame = dice.pick(SKINS), dice.tint(dice.vivid(), 10)
    cap = dice.pick((*HAIRS, (230, 230, 226), (200, 40, 40)))

    def line(path: list[tuple[float, float]], width: float, colour: RGB) -> None:
        canvas.stroke([(x + a, b) for a, b in path], z, width, colour, cls, lit)

    if across:
        way = dice.pick((-1, 1))
        for wheel in (-0.52, 0.52):
            canvas.ring(x + wheel, 0.35, z, 0.35, 0.06, (26, 26, 28), cls)
        bars = [(-0.52, 0.35), (-0.1, 0.35), (0.36, 0.85), (-0.18, 0.85), (-0.1, 0.35)]
        line([(way * a, b) for a, b in bars], 0.06, frame)
        line([(way * 0.52, 0.35), (way * 0.36, 0.98)], 0.06, frame)
        line([(way * -0.2, 0.95), (way * 0.16, 0.7), (way * -0.06, 0.28)], 0.17, legs)
        line([(way * -0.2, 0.95), (way * 0.14, 1.42)], 0.32, coat)
        line([(way * 0.1, 1.36), (way * 0.26, 1.1), (way * 0.4, 0.98)], 0.11, coat)
        canvas.disc(x + way * 0.24, 1.6, z, 0.13, skin, cls, 1.2)
        canvas.disc(x + way * 0.22, 1.68, z, 0.14, cap, cls, 0.7)
        return
    canvas.board(x, 0, z, 0.08, 0.7, (24, 24, 26), cls, lit)
    step = dice.between(-0.15, 0.15)
    line([(-0.12, 0.95), (-0.16, 0.6 + step), (-0.12, 0.25 + step)], 0.16, legs)
    line([(0.12, 0.95), (0.16, 0.6 - step), (0.12, 0.25 - step)], 0.16, legs)
    torso = [(x - 0.2, 0.88, z), (x + 0.2, 0.88, z), (x + 0.25, 1.45, z), (x - 0.25, 1.45, z)]
    canvas.face(torso, coat, cls, lit)
    line([(-0.24, 1.4), (-0.34, 1.15), (-0.27, 0.98), (0.27, 0.98), (0.34, 1.15), (0.24, 1.4)],
         0.09, coat)  # fmt: skip
    canvas.disc(x, 1.6, z, 0.12, skin, cls, 1.25)
    canvas.disc(x, 1.68, z, 0.13, cap, cls, 0.75)
