"""The ground of a street: road, kerbs, pavements and yards, with joints, patches and markings."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from raysal.data.sets.streets.canvas import Canvas
from raysal.data.sets.streets.classes import ROAD, SIDEWALK
from raysal.data.sets.streets.dice import Dice
from raysal.data.sets.streets.plan import SIDES, Street
from raysal.data.sets.streets.types import RGB

WIDE_M = 160
"""Half the width of the ground."""
END_M = 900.0
LINES_END_M = 120.0
DASHES_END_M = 48.0
BUS_LANES: tuple[RGB, ...] = ((132, 82, 72), (84, 112, 88))
YELLOW: RGB = (206, 176, 62)


@dataclass(frozen=True)
class Strip:
    """A band of ground that runs along the street, between two values of x in metres."""

    left: float
    right: float
    colour: RGB
    cls: int


def draw_ground(canvas: Canvas, street: Street, dice: Dice) -> None:
    """Draw the ground, which everything else stands on."""
    left, right = -street.edges[-1], street.edges[1]
    kerb_tone = dice.tint((168, 166, 162), 22)
    outer = {side: street.edges[side] + street.pavement[side] for side in SIDES}
    strips = [
        Strip(-WIDE_M, -outer[-1], street.yard, street.yard_class),
        Strip(outer[1], WIDE_M, street.yard, street.yard_class),
        Strip(-outer[-1], left, street.paving, SIDEWALK),
        Strip(right, outer[1], street.paving, SIDEWALK),
        Strip(left - 0.18, left, kerb_tone, SIDEWALK),
        Strip(right, right + 0.18, kerb_tone, SIDEWALK),
        Strip(left, right, street.asphalt, ROAD),
    ]
    _lay_strips(canvas, strips)
    slab = dice.between(0.8, 2.5)
    if dice.chance(0.55):
        joint = dice.tint(street.paving, 26)
        for step in range(int(22 / slab)):
            z = 2 + step * slab
            if z > canvas.camera.travel + 1:
                _patch(canvas, -outer[-1], left - 0.2, z, z + 0.06, joint, SIDEWALK)
                _patch(canvas, right + 0.2, outer[1], z, z + 0.06, joint, SIDEWALK)
    for _ in range(dice.whole(0, 5)):  # mended asphalt
        x, z = dice.between(left, right - 1), dice.between(3, 30)
        tone = dice.tint(street.asphalt, 22)
        far = z + dice.between(0.8, 9)
        _patch(canvas, x, min(x + dice.between(0.6, 2.4), right), z, far, tone, ROAD)
    _markings(canvas, street, left, right, dice)


def _markings(canvas: Canvas, street: Street, left: float, right: float, dice: Dice) -> None:
    """Paint on the road, and the side street with its own."""
    paint, width = street.paint, right - left
    style = dice.unit()
    if width > 9 and dice.chance(0.12):
        near, far = (left, left + 3.2) if street.keep < 0 else (right - 3.2, right)
        _lay_strips(canvas, [Strip(near, far, dice.tint(dice.pick(BUS_LANES), 12), ROAD)])
    if style < 0.75:
        lanes = max(round(width / 3.3), 2)
        for lane in range(1, lanes):
            solid = lane == lanes // 2 and dice.chance(0.3)
            dash, gap = (3.0, 0.0) if solid else (2.0, dice.between(2.0, 6.0))
            _mark_line(canvas, left + width * lane / lanes, paint, 0.15, dash, gap)
    if dice.chance(0.5):
        tone = paint if dice.chance(0.5) else YELLOW
        for x in (left + 0.4, right - 0.4):
            _mark_line(canvas, x, tone, 0.1, 3.0, 0.0)
    if street.crossing:
        _side_street(canvas, street, street.crossing, left, right, dice)
    elif dice.chance(0.2):
        _mark_zebra(canvas, left, right, dice.between(7, 24), paint)


def _side_street(
    canvas: Canvas,
    street: Street,
    crossing: tuple[float, float],
    left: float,
    right: float,
    dice: Dice,
) -> None:
    """A side street, the stop line before it and zebra crossings on either side of it."""
    near, far = crossing
    _lay_strips(canvas, [Strip(-WIDE_M, WIDE_M, street.asphalt, ROAD)], near, far)
    _patch(canvas, left + 0.3, right - 0.3, near - 1.6, near - 1.2, street.paint, ROAD)
    if dice.chance(0.5):
        _mark_zebra(canvas, left, right, near - 5.5, street.paint)
    if dice.chance(0.4):
        _mark_zebra(canvas, left, right, far + 0.8, street.paint)


def _lay_strips(
    canvas: Canvas, strips: list[Strip], start: float = 0.0, end: float = END_M
) -> None:
    """Paint bands from z `end` back to `start`, in slices that follow the bend of the street."""
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


def _mark_line(
    canvas: Canvas, x: float, colour: RGB, width: float, dash: float, gap: float
) -> None:
    """A painted line along the road: dashes of `dash` metres, or one line if `gap` is 0."""
    if not gap:
        _lay_strips(canvas, [Strip(x - width / 2, x + width / 2, colour, ROAD)], end=LINES_END_M)
        return
    z = 0.0
    while z < DASHES_END_M:
        if z + dash > canvas.camera.travel:
            _patch(canvas, x - width / 2, x + width / 2, z, z + dash, colour, ROAD)
        z += dash + gap


def _mark_zebra(canvas: Canvas, left: float, right: float, z: float, colour: RGB) -> None:
    """A zebra crossing across the road, its near edge at `z`."""
    x = left + 0.3
    while x < right - 0.3:
        _patch(canvas, x, x + 0.5, z, z + 3.0, colour, ROAD)
        x += 1.0


def _patch(
    canvas: Canvas, left: float, right: float, near: float, far: float, colour: RGB, cls: int
) -> None:
    """A rectangle of ground, between two values of x and two of z."""
    canvas.face([(left, 0, near), (right, 0, near), (right, 0, far), (left, 0, far)], colour, cls)
