"""What is built along a street: houses and blocks with their fronts, walls and fences."""

from dataclasses import dataclass

import numpy as np

from raysal.data.sets.streets.canvas import BUILDING, FENCE, RGB, Canvas, Dice, Floats, Point3, Rect
from raysal.data.sets.streets.light import Light
from raysal.data.sets.streets.plan import MASONRY

GLASS: tuple[RGB, ...] = ((40, 46, 54), (62, 74, 88), (96, 114, 130), (28, 28, 30), (120, 132, 140))
PAINT: tuple[RGB, ...] = (
    (180, 40, 36), (30, 70, 140), (24, 96, 62), (236, 196, 40), (240, 240, 236), (30, 30, 32),
    (120, 40, 90), (232, 120, 30), (60, 150, 190),
)  # fmt: skip


@dataclass(frozen=True)
class Building:
    """A block whose front stands along the street at a sideways position."""

    side: int  # -1 on the left, 1 on the right
    front: float  # distance of the front from the camera's line
    near: float
    far: float
    height: float
    roof: str  # flat, pitched, gable
    bare: bool  # nothing stands against its near end
    dice: Dice


def draw_building(canvas: Canvas, light: Light, item: Building) -> None:
    """Draw a building's end, roof and front, in this order."""
    dice, side, height = item.dice, item.side, item.height
    x, back = side * item.front, side * (item.front + 14.0)
    wall = dice.tint(dice.pick(MASONRY), 16)
    style = dice.pick(("punched",) * 5 + ("ribbon", "curtain", "tall", "blank"))
    near, far = item.near, item.far
    front_lit, end_lit = light.on(-side, 0), light.on(0, -1)
    roof = dice.tint(dice.pick(((96, 70, 62), (74, 76, 84), (128, 82, 62), (60, 58, 58))), 12)
    rise = 0.0 if item.roof == "flat" else dice.between(2.0, 4.0)
    ridge = side * (item.front + 5.5)

    if not canvas.shows([(x, 0, near), (x, 0, far), (back, 0, near), (back, height, near)]):
        return
    end = [(x, 0.0, near), (back, 0.0, near), (back, height, near), (x, height, near)]
    if canvas.camera.depth(near) > 1.5:
        if rise:
            canvas.face([*end[:3], (ridge, height + rise, near), end[3]], wall, BUILDING, end_lit)
        else:
            canvas.face(end, wall, BUILDING, end_lit)
        if item.bare:
            _end_wall(canvas, light, end, height, wall, end_lit, dice.fork())
    if item.roof == "pitched":
        slope: list[Point3] = [
            (x, height, near), (x, height, far), (ridge, height + rise, far),
            (ridge, height + rise, near),
        ]  # fmt: skip
        canvas.face(slope, roof, BUILDING, (front_lit + 1) / 2)
    elif item.roof == "gable":
        peak = (x, height + rise, (near + far) / 2)
        canvas.face([(x, height, near), (x, height, far), peak], wall, BUILDING, front_lit)
    if item.roof != "flat" and dice.chance(0.6):
        z = near + 1.0
        canvas.board(ridge, height + rise - 0.8, z, 0.9, 1.9, wall, BUILDING, 0.8)

    # seen from the street, the right-hand side's left end is its far one
    left, right = (near, far) if side < 0 else (far, near)
    front: list[Point3] = [(x, 0, left), (x, 0, right), (x, height, right), (x, height, left)]
    canvas.face(front, wall, BUILDING, front_lit)
    _front_details(canvas, light, front, item, wall, style, front_lit)


def windows(height: float, length: float, style: str, base: float, dice: Dice) -> Floats:
    """Window rectangles, as shares of a wall; base is the height where the first floor begins."""
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


def _glazing(light: Light, dice: Dice) -> list[RGB]:
    """Seven shades that the windows of one building take in turn."""
    glass = dice.tint(dice.pick(GLASS), 12)
    bright = tuple(0.55 * g + 0.45 * s for g, s in zip(glass, light.skyline, strict=True))
    shades: list[RGB] = [dice.tint(glass, 10) for _ in range(5)]
    shades.append((bright[0], bright[1], bright[2]))
    lamp = (255, 214, 140) if light.lamps else dice.tint((170, 160, 144), 30)
    shades.append(lamp)
    if light.lamps:
        shades[dice.whole(0, 4)] = (255, 206, 128)
    return shades


def _end_wall(
    canvas: Canvas, light: Light, end: list[Point3], height: float, wall: RGB, lit: float,
    dice: Dice,
) -> None:  # fmt: skip
    """The wall that faces the eye where the next building is lower or missing."""
    if dice.chance(0.45):
        rects = windows(height, 14.0, "punched", 0.6, dice)
        canvas.decals(end, rects, _glazing(light, dice), BUILDING, lit)
    elif dice.chance(0.35):  # a billboard: it looks like a sign and is none
        low = dice.between(0.25, 0.6)
        board: list[Rect] = [(0.06, low, 0.42, low + 0.25), (0.1, low + 0.05, 0.3, low + 0.18)]
        canvas.decals(end, board, [dice.pick(PAINT), dice.vivid()], BUILDING, lit)
    else:
        bands = [(0.0, i / 9, 1.0, i / 9 + 0.012) for i in range(1, 9)]
        canvas.decals(end, bands, [dice.tint(wall, 24)], BUILDING, lit)


def _front_details(
    canvas: Canvas, light: Light, front: list[Point3], item: Building, wall: RGB, style: str,
    lit: float,
) -> None:  # fmt: skip
    """Windows, doors, shops and trim, the fewer the farther."""
    dice, height = item.dice, item.height
    length = item.far - item.near
    depth = canvas.camera.depth(item.near)
    if depth > 45:
        if style != "blank":
            bands = windows(height, length, "ribbon", 0.4, dice)
            canvas.decals(front, bands, [dice.tint(dice.pick(GLASS), 12)], BUILDING, lit)
        return
    glass = _glazing(light, dice)
    shop = item.roof == "flat" and dice.chance(0.5)
    base = 3.8 if shop and height > 6 else 0.4
    trim = dice.tint((0.55 * wall[0] + 110, 0.55 * wall[1] + 110, 0.55 * wall[2] + 108), 14)
    courses = dice.whole(0, 2)
    if courses and depth < 30:
        count = int(height / (0.5 if courses == 1 else 1.2))
        lines = [(0.0, i / count, 1.0, (i + 0.16) / count) for i in range(1, count)]
        canvas.decals(front, lines, [dice.tint(wall, 20)], BUILDING, lit)
    if style != "blank":
        rects = windows(height, length, style, base, dice)
        if depth < 28 and style in ("punched", "tall"):
            grow = np.array([-0.012, -0.03 / height * 3, 0.012, 0.06 / height * 3])
            canvas.decals(front, rects + grow, [trim], BUILDING, lit)
        canvas.decals(front, rects, glass, BUILDING, 1.0 if light.lamps else max(lit, 0.75))
        if depth < 18 and style in ("punched", "tall"):
            middle = (rects[:, 0] + rects[:, 2]) / 2
            bars = np.stack([middle - 0.004, rects[:, 1], middle + 0.004, rects[:, 3]], axis=-1)
            canvas.decals(front, bars, [trim], BUILDING, lit)
    if shop and height > 6:
        _shop(canvas, front, height, length, glass, dice, lit)
    else:
        u = dice.between(0.1, 0.8)
        door = [(u, 0.0, u + 1.1 / length, min(2.2 / height, 0.8))]
        canvas.decals(front, door, [dice.tint(dice.pick(PAINT), 10)], BUILDING, lit)
    if item.roof == "flat":
        canvas.decals(front, [(0.0, 0.97, 1.0, 1.0)], [trim], BUILDING, lit)
    if dice.chance(0.3):  # a drainpipe or pilaster: upright, thin, and no pole
        u = dice.between(0.02, 0.95)
        pipe = [(u, 0.0, u + 0.18 / length, 1.0)]
        canvas.decals(front, pipe, [dice.tint((90, 90, 92), 40)], BUILDING)
    if dice.chance(0.25):  # a plate on the wall: round the corner it would be a traffic sign
        u, v = dice.between(0.1, 0.8), 3.0 / height
        plate = [(u, v, u + 0.9 / length, v + 0.9 / height)]
        canvas.decals(front, plate, [dice.pick(PAINT)], BUILDING)


def _shop(
    canvas: Canvas, front: list[Point3], height: float, length: float, glass: list[RGB],
    dice: Dice, lit: float,
) -> None:  # fmt: skip
    """A row of shops on the ground floor: dark panes under painted fascias."""
    count = max(int(length / 5), 1)
    for index in range(count):
        u, wide = index / count, 1 / count
        frame, fascia = dice.tint(dice.pick(PAINT), 20), dice.tint(dice.pick(PAINT), 20)
        rects: list[Rect] = [
            (u, 0.0, u + wide, 3.7 / height),
            (u + 0.08 * wide, 0.5 / height, u + 0.62 * wide, 2.6 / height),
            (u + 0.7 * wide, 0.05 / height, u + 0.92 * wide, 2.5 / height),
            (u + 0.03 * wide, 2.8 / height, u + 0.97 * wide, 3.5 / height),
            (u + 0.25 * wide, 3.0 / height, u + 0.7 * wide, 3.3 / height),
        ]
        shades = [frame, dice.tint(dice.pick(glass), 20), dice.tint(glass[0]), fascia]
        canvas.decals(front, rects, [*shades, dice.pick(PAINT)], BUILDING, lit)
        if dice.chance(0.3):  # a poster of a person
            at = u + dice.between(0.15, 0.45) * wide
            metre, up = 1 / length, 1 / height
            poster = [
                (at, 0.8 * up, at + 0.5 * metre, 2.0 * up),
                (at + 0.15 * metre, 2.0 * up, at + 0.35 * metre, 2.3 * up),
            ]
            canvas.decals(front, poster, [dice.vivid(), (214, 172, 146)], BUILDING, lit)


@dataclass(frozen=True)
class Fence:
    """A stretch of wall or railing along the street, x metres to its side."""

    x: float
    near: float
    far: float
    height: float
    kind: str  # wall, boards, railing, mesh, barrier
    colour: RGB
    side: int
    dice: Dice


def draw_fence(canvas: Canvas, light: Light, item: Fence) -> None:
    """Draw a fence. What shows through a railing still counts as fence, as hand labels have it."""
    x, near, far, height = item.x, item.near, item.far, item.height
    lit = light.on(-item.side, 0)
    panel: list[Point3] = [(x, 0, near), (x, 0, far), (x, height, far), (x, height, near)]
    length = far - near
    light_shade, dark_shade = item.dice.tint(item.colour, 18), item.dice.tint(item.colour, 18)
    if item.kind in ("wall", "boards"):
        canvas.face(panel, item.colour, FENCE, lit)
        if item.kind == "boards":
            count = max(int(length / 0.45), 2)
            seams = [((i + 0.1) / count, 0.0, (i + 0.5) / count, 1.0) for i in range(count)]
        else:
            seams = [(0.0, i / 5, 1.0, i / 5 + 0.05) for i in range(1, 5)]
            canvas.decals(panel, [(0.0, 0.9, 1.0, 1.0)], [light_shade], FENCE, 1.0)
        canvas.decals(panel, seams, [light_shade, dark_shade], FENCE, lit)
        return
    opacity = {"railing": 0.3, "mesh": 0.45, "barrier": 0.15}[item.kind]
    canvas.veil(panel, item.colour, FENCE, opacity, lit)
    rails = [(0.0, 0.9, 1.0, 1.0), (0.0, 0.06, 1.0, 0.14)]
    if item.kind == "barrier":
        rails = [(0.0, 0.62, 1.0, 1.0), (0.0, 0.3, 1.0, 0.4)]
    spacing = {"railing": 0.3, "mesh": 2.4, "barrier": 2.0}[item.kind]
    if canvas.camera.depth(near) < 45:
        count = max(int(length / spacing), 1)
        thick = 0.25 / count if item.kind == "railing" else 0.09 / length
        rails += [(i / count, 0.0, i / count + thick, 0.97) for i in range(count)]
    canvas.decals(panel, rails, [light_shade], FENCE, lit)
