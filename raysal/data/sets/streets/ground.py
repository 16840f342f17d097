"""The ground of a street with its markings, and what closes the view at its end."""

from dataclasses import dataclass

import numpy as np

from raysal.data.sets.streets.canvas import BUILDING, RGB, ROAD, SIDEWALK, TREE, Canvas, Dice
from raysal.data.sets.streets.plan import FOLIAGE, MASONRY, SIDES, Street


@dataclass(frozen=True)
class Strip:
    """A band of ground that runs along the street between two sideways positions."""

    left: float
    right: float
    colour: RGB
    cls: int


def lay_strips(canvas: Canvas, strips: list[Strip], start: float = 0.0, end: float = 900.0) -> None:
    """Paint bands of ground from far to near, in slices that follow the street's bend."""
    travel = canvas.camera.travel
    near, far = max(start - travel, 1.0), max(end - travel, 1.1)
    cuts = np.geomspace(near, far, (9 if end - start > 60 else 3) + 1) + travel
    lines = np.zeros((2 * len(strips), len(cuts), 3))
    lines[:, :, 0] = np.array([x for s in strips for x in (s.left, s.right)])[:, None]
    lines[:, :, 2] = cuts
    points = canvas.camera.many(lines).tolist()
    for row in range(len(cuts) - 2, -1, -1):
        depth = float(0.7 * cuts[row] + 0.3 * cuts[row + 1])
        for s, left, right in zip(strips, points[::2], points[1::2], strict=True):
            corners = [*left[row], *right[row], *right[row + 1], *left[row + 1]]
            canvas.flat(corners, s.colour, s.cls, depth, 1.0)


def mark_line(canvas: Canvas, x: float, colour: RGB, width: float, dash: float, gap: float) -> None:
    """A painted line along the road, dashed where there is a gap."""
    if not gap:
        lay_strips(canvas, [Strip(x - width / 2, x + width / 2, colour, ROAD)], end=120.0)
        return
    z = 0.0
    while z < 48.0:
        if z + dash > canvas.camera.travel:
            patch(canvas, x - width / 2, x + width / 2, z, z + dash, colour, ROAD)
        z += dash + gap


def patch(
    canvas: Canvas, left: float, right: float, near: float, far: float, colour: RGB, cls: int
) -> None:
    """A rectangle of ground."""
    canvas.face([(left, 0, near), (right, 0, near), (right, 0, far), (left, 0, far)], colour, cls)


def mark_zebra(canvas: Canvas, left: float, right: float, z: float, colour: RGB) -> None:
    x = left + 0.3
    while x < right - 0.3:
        patch(canvas, x, x + 0.5, z, z + 3.0, colour, ROAD)
        x += 1.0


def draw_ground(canvas: Canvas, street: Street, dice: Dice) -> None:
    """Road, kerbs, pavements and yards, with their joints, patches and paint."""
    left, right = -street.edges[-1], street.edges[1]
    kerb_tone = dice.tint((168, 166, 162), 22)
    outer = {side: street.edges[side] + street.pavement[side] for side in SIDES}
    strips = [
        Strip(-160, -outer[-1], street.yard, street.yard_class),
        Strip(outer[1], 160, street.yard, street.yard_class),
        Strip(-outer[-1], left, street.paving, SIDEWALK),
        Strip(right, outer[1], street.paving, SIDEWALK),
        Strip(left - 0.18, left, kerb_tone, SIDEWALK),
        Strip(right, right + 0.18, kerb_tone, SIDEWALK),
        Strip(left, right, street.asphalt, ROAD),
    ]
    lay_strips(canvas, strips)
    slab = dice.between(0.8, 2.5)
    if dice.chance(0.55):
        joint = dice.tint(street.paving, 26)
        for step in range(int(22 / slab)):
            z = 2 + step * slab
            if z > canvas.camera.travel + 1:
                patch(canvas, -outer[-1], left - 0.2, z, z + 0.06, joint, SIDEWALK)
                patch(canvas, right + 0.2, outer[1], z, z + 0.06, joint, SIDEWALK)
    for _ in range(dice.whole(0, 5)):  # mended asphalt
        x, z = dice.between(left, right - 1), dice.between(3, 30)
        tone = dice.tint(street.asphalt, 22)
        far = z + dice.between(0.8, 9)
        patch(canvas, x, min(x + dice.between(0.6, 2.4), right), z, far, tone, ROAD)
    _markings(canvas, street, left, right, dice)


def _markings(canvas: Canvas, street: Street, left: float, right: float, dice: Dice) -> None:
    paint, width = street.paint, right - left
    style = dice.unit()
    if width > 9 and dice.chance(0.12):  # a bus lane
        near, far = (left, left + 3.2) if street.keep < 0 else (right - 3.2, right)
        red_or_green: RGB = dice.pick(((132, 82, 72), (84, 112, 88)))
        lay_strips(canvas, [Strip(near, far, dice.tint(red_or_green, 12), ROAD)])
    if style < 0.75:
        lanes = max(round(width / 3.3), 2)
        for lane in range(1, lanes):
            solid = lane == lanes // 2 and dice.chance(0.3)
            dash, gap = (3.0, 0.0) if solid else (2.0, dice.between(2.0, 6.0))
            mark_line(canvas, left + width * lane / lanes, paint, 0.15, dash, gap)
    if dice.chance(0.5):
        tone: RGB = paint if dice.chance(0.5) else (206, 176, 62)
        for x in (left + 0.4, right - 0.4):
            mark_line(canvas, x, tone, 0.1, 3.0, 0.0)
    if street.crossing:
        near, far = street.crossing
        lay_strips(canvas, [Strip(-160, 160, street.asphalt, ROAD)], near, far)
        patch(canvas, left + 0.3, right - 0.3, near - 1.6, near - 1.2, paint, ROAD)
        if dice.chance(0.5):
            mark_zebra(canvas, left, right, near - 5.5, paint)
        if dice.chance(0.4):
            mark_zebra(canvas, left, right, far + 0.8, paint)
    elif dice.chance(0.2):
        mark_zebra(canvas, left, right, dice.between(7, 24), paint)


def draw_backdrop(canvas: Canvas, street: Street, dice: Dice) -> None:
    """What closes the view at the end of the street."""
    z = dice.between(100, 180)
    x = -150.0
    tall = street.manner.height[1] * 1.3
    leafy = dice.between(0.2, 0.9)
    shades = FOLIAGE["dark" if street.season == "winter" else street.season]
    while x < 150:
        width = dice.between(6, 22)
        if dice.chance(leafy):
            tone = dice.tint(dice.pick(shades), 16)
            for part in range(2):
                at = x + width * part / 2
                rise = dice.between(3, 11)
                canvas.board(at, 0, z, width * 0.6, rise, tone, TREE, 0.85)
                canvas.disc(at, rise, z, width * 0.3, tone, TREE, 0.8)
        else:
            tone = dice.tint(dice.pick(MASONRY), 20)
            canvas.board(x, 0, z, width * 1.1, dice.between(5, tall), tone, BUILDING, 0.85)
        x += width
