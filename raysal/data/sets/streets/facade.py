"""The street fronts of buildings: windows, doors, shops and trim."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from raysal.data.sets.streets.canvas import Canvas
from raysal.data.sets.streets.classes import BUILDING
from raysal.data.sets.streets.colours import FACADE_PAINT, GLASS
from raysal.data.sets.streets.dice import Dice
from raysal.data.sets.streets.light import Light
from raysal.data.sets.streets.types import RGB, Floats, Point3, Rect

# A front gets fewer details beyond each of these distances from the camera.
ALL_DETAILS_M = 18
FRAMES_M = 28
COURSES_M = 30
DETAILS_M = 45
SKIN: RGB = (214, 172, 146)


@dataclass(frozen=True)
class Facade:
    """The front of a building.

    Attributes:
        corners: bottom left, bottom right, top right, top left, as seen from the street.
        height: in metres, as `length`.
        near: z of its nearer end.
        style: of its windows: punched, ribbon, curtain, tall or blank.
        lit: brightness.
    """

    corners: list[Point3]
    height: float
    length: float
    near: float
    flat_roof: bool
    wall: RGB
    style: str
    lit: float

    @property
    def framed(self) -> bool:
        """Whether its windows are single ones with frames."""
        return self.style in ("punched", "tall")


def draw_facade(canvas: Canvas, facade: Facade, dice: Dice) -> None:
    """Draw what is on a front; the farther away, the less of it."""
    depth = canvas.camera.depth(facade.near)
    if depth > DETAILS_M:
        if facade.style != "blank":
            bands = windows(facade.height, facade.length, "ribbon", 0.4, dice)
            tones = [dice.tint(dice.pick(GLASS), 12)]
            canvas.decals(facade.corners, bands, tones, BUILDING, facade.lit)
        return
    glass = glazing(canvas.light, dice)
    shop = facade.flat_roof and dice.chance(0.5) and facade.height > 6
    wall = facade.wall
    trim = dice.tint((0.55 * wall[0] + 110, 0.55 * wall[1] + 110, 0.55 * wall[2] + 108), 14)
    _courses(canvas, facade, depth, dice)
    if facade.style != "blank":
        base = 3.8 if shop else 0.4
        rects = windows(facade.height, facade.length, facade.style, base, dice)
        _windows(canvas, facade, depth, rects, glass, trim)
    if shop:
        _shops(canvas, facade, glass, dice)
    else:
        u = dice.between(0.1, 0.8)
        door = [(u, 0.0, u + 1.1 / facade.length, min(2.2 / facade.height, 0.8))]
        tones = [dice.tint(dice.pick(FACADE_PAINT), 10)]
        canvas.decals(facade.corners, door, tones, BUILDING, facade.lit)
    if facade.flat_roof:
        canvas.decals(facade.corners, [(0.0, 0.97, 1.0, 1.0)], [trim], BUILDING, facade.lit)
    _lookalikes(canvas, facade, dice)


def windows(height: float, length: float, style: str, base: float, dice: Dice) -> Floats:
    """(N, 4) window rectangles of a wall, as `Rect`.

    Args:
        height: of the wall in metres, as `length`.
        base: metres from the ground to the first row of windows.
    """
    storey = dice.between(2.8, 3.7)
    floors = max(int((height - base) / storey), 1)
    pitch = {"ribbon": length, "curtain": dice.between(1.2, 2.0), "tall": dice.between(1.8, 2.4)}
    bays = max(round(length / pitch.get(style, dice.between(2.2, 3.8))), 1)
    fill = {"ribbon": 0.97, "curtain": 0.88, "tall": 0.42}.get(style, dice.between(0.35, 0.55))
    tall = {"ribbon": 0.45, "curtain": 0.85, "tall": 0.72}.get(style, dice.between(0.42, 0.6))
    sill = (1 - tall) * 0.55
    u = (np.arange(bays) + 0.5) / bays
    v = (base + storey * (np.arange(floors) + sill)) / height
    grid_u, grid_v = np.meshgrid(u, v)
    half, rise = fill / bays / 2, tall * storey / height
    rects = np.stack([grid_u - half, grid_v, grid_u + half, grid_v + rise], axis=-1)
    return rects.reshape(-1, 4)


def glazing(light: Light, dice: Dice) -> list[RGB]:
    """Seven colours that the windows of one building take in turn."""
    glass = dice.tint(dice.pick(GLASS), 12)
    red, green, blue = (0.55 * g + 0.45 * s for g, s in zip(glass, light.skyline, strict=True))
    shades: list[RGB] = [dice.tint(glass, 10) for _ in range(5)]
    shades.append((red, green, blue))
    shades.append((255, 214, 140) if light.lamps else dice.tint((170, 160, 144), 30))
    if light.lamps:
        shades[dice.whole(0, 4)] = (255, 206, 128)
    return shades


def _courses(canvas: Canvas, facade: Facade, depth: float, dice: Dice) -> None:
    """Lines of bricks or of larger blocks, or none."""
    kind = dice.whole(0, 2)
    if not kind or depth >= COURSES_M:
        return
    count = int(facade.height / (0.5 if kind == 1 else 1.2))
    lines = [(0.0, i / count, 1.0, (i + 0.16) / count) for i in range(1, count)]
    canvas.decals(facade.corners, lines, [dice.tint(facade.wall, 20)], BUILDING, facade.lit)


def _windows(
    canvas: Canvas, facade: Facade, depth: float, rects: Floats, glass: list[RGB], trim: RGB
) -> None:
    """Panes, with frames and glazing bars where they can be seen."""
    if depth < FRAMES_M and facade.framed:
        grow = np.array([-0.012, -0.03 / facade.height * 3, 0.012, 0.06 / facade.height * 3])
        canvas.decals(facade.corners, rects + grow, [trim], BUILDING, facade.lit)
    lit = 1.0 if canvas.light.lamps else max(facade.lit, 0.75)
    canvas.decals(facade.corners, rects, glass, BUILDING, lit)
    if depth < ALL_DETAILS_M and facade.framed:
        middle = (rects[:, 0] + rects[:, 2]) / 2
        bars = np.stack([middle - 0.004, rects[:, 1], middle + 0.004, rects[:, 3]], axis=-1)
        canvas.decals(facade.corners, bars, [trim], BUILDING, facade.lit)


def _shops(canvas: Canvas, facade: Facade, glass: list[RGB], dice: Dice) -> None:
    """A row of shops on the ground floor: dark panes under painted fascias."""
    up, along = 1 / facade.height, 1 / facade.length
    count = max(int(facade.length / 5), 1)
    for index in range(count):
        u, wide = index / count, 1 / count
        frame = dice.tint(dice.pick(FACADE_PAINT), 20)
        fascia = dice.tint(dice.pick(FACADE_PAINT), 20)
        rects: list[Rect] = [
            (u, 0.0, u + wide, 3.7 / facade.height),
            (u + 0.08 * wide, 0.5 / facade.height, u + 0.62 * wide, 2.6 / facade.height),
            (u + 0.7 * wide, 0.05 / facade.height, u + 0.92 * wide, 2.5 / facade.height),
            (u + 0.03 * wide, 2.8 / facade.height, u + 0.97 * wide, 3.5 / facade.height),
            (u + 0.25 * wide, 3.0 / facade.height, u + 0.7 * wide, 3.3 / facade.height),
        ]
        shades = [frame, dice.tint(dice.pick(glass), 20), dice.tint(glass[0]), fascia]
        shades.append(dice.pick(FACADE_PAINT))
        canvas.decals(facade.corners, rects, shades, BUILDING, facade.lit)
        if dice.chance(0.3):  # A poster of a person counts as building.
            at = u + dice.between(0.15, 0.45) * wide
            poster = [
                (at, 0.8 * up, at + 0.5 * along, 2.0 * up),
                (at + 0.15 * along, 2.0 * up, at + 0.35 * along, 2.3 * up),
            ]
            canvas.decals(facade.corners, poster, [dice.vivid(), SKIN], BUILDING, facade.lit)


def _lookalikes(canvas: Canvas, facade: Facade, dice: Dice) -> None:
    """What looks like another class and counts as building."""
    if dice.chance(0.3):  # A drainpipe is upright and thin, but no pole.
        u = dice.between(0.02, 0.95)
        pipe = [(u, 0.0, u + 0.18 / facade.length, 1.0)]
        canvas.decals(facade.corners, pipe, [dice.tint((90, 90, 92), 40)], BUILDING)
    if dice.chance(0.25):  # A plate on a wall would be a traffic sign if it stood on a post.
        u, v = dice.between(0.1, 0.8), 3.0 / facade.height
        plate = [(u, v, u + 0.9 / facade.length, v + 0.9 / facade.height)]
        canvas.decals(facade.corners, plate, [dice.pick(FACADE_PAINT)], BUILDING)
