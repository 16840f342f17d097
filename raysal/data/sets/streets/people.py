"""People on foot and on bicycles."""

from __future__ import annotations

from collections.abc import Sequence

from raysal.data.sets.streets.canvas import Canvas
from raysal.data.sets.streets.classes import BICYCLIST, PEDESTRIAN
from raysal.data.sets.streets.colours import MUTED
from raysal.data.sets.streets.dice import Dice
from raysal.data.sets.streets.types import RGB, Point, Point3

SKINS: tuple[RGB, ...] = ((226, 186, 160), (198, 150, 120), (146, 100, 74), (92, 62, 48))
HAIRS: tuple[RGB, ...] = ((40, 32, 28), (90, 64, 42), (170, 140, 96), (130, 128, 126), (20, 20, 22))
COATS: tuple[RGB, ...] = ((30, 32, 38), (52, 54, 66), (88, 78, 66), (120, 118, 116))
HELMETS: tuple[RGB, ...] = ((230, 230, 226), (200, 40, 40))
SHOE: RGB = (26, 24, 24)
TYRE: RGB = (26, 26, 28)
CHILD = 0.7
SIZES = (1.0, 1.0, 1.0, 0.95, 1.05, CHILD)
JACKET_HEM_M, COAT_HEM_M = 0.8, 0.55


def draw_person(canvas: Canvas, x: float, z: float, dice: Dice) -> None:
    """Draw a pedestrian who stands or walks."""
    size = dice.pick(SIZES)
    lit = 0.4 + 0.6 * canvas.light.on(0, -1)
    coat, legs = dice.tint(dice.vivid(), 10), dice.tint(dice.pick(MUTED), 16)
    if dice.chance(0.45):
        coat = dice.tint(dice.pick(COATS))
    skin, hair = dice.pick(SKINS), dice.pick(HAIRS)
    stride = dice.between(0.02, 0.34) * size
    build = dice.between(0.36, 0.52) * size
    lean = dice.between(-0.05, 0.05)

    def limb(path: Sequence[Point], width: float, colour: RGB) -> None:
        joints = [(x + size * a, size * b) for a, b in path]
        canvas.stroke(joints, z, width * size, colour, PEDESTRIAN, lit)

    limb([(-0.06, 0.85), (-stride, 0.04)], 0.17, legs)
    limb([(0.06, 0.85), (stride, 0.04)], 0.17, legs)
    for foot in (x - stride * size, x + stride * size):
        canvas.board(foot, 0, z, 0.22 * size, 0.09 * size, SHOE, PEDESTRIAN, lit)
    hem = dice.pick((JACKET_HEM_M, JACKET_HEM_M, COAT_HEM_M))
    torso: list[Point3] = [
        (x - build * 0.48, hem * size, z),
        (x + build * 0.48, hem * size, z),
        (x + build * 0.55 + lean, 1.42 * size, z),
        (x - build * 0.55 + lean, 1.42 * size, z),
    ]
    canvas.face(torso, coat, PEDESTRIAN, lit)
    swing = dice.between(-0.25, 0.25)
    limb([(-0.22, 1.38), (-0.27 - swing * 0.3, 1.1), (-0.22 - swing, 0.85)], 0.12, coat)
    limb([(0.22, 1.38), (0.27 + swing * 0.3, 1.1), (0.22 + swing, 0.85)], 0.12, coat)
    canvas.disc(x + lean, 1.58 * size, z, 0.12 * size, skin, PEDESTRIAN, 1.25)
    canvas.disc(x + lean, 1.66 * size, z, 0.12 * size, hair, PEDESTRIAN, 0.7)
    _belongings(canvas, x, z, size, lean, lit, dice)


def _belongings(
    canvas: Canvas, x: float, z: float, size: float, lean: float, lit: float, dice: Dice
) -> None:
    """A bag, a rucksack, an umbrella when it is wet, or nothing."""
    extra = dice.unit()
    if extra < 0.2:
        at = x + dice.pick((-0.36, 0.36))
        canvas.board(at, 0.5 * size, z, 0.3, 0.4, dice.vivid(), PEDESTRIAN, lit)
    elif extra < 0.35:
        canvas.board(x + lean, 0.95 * size, z, 0.3, 0.42, dice.vivid(), PEDESTRIAN, lit)
    if canvas.light.wet > 0.2 and dice.chance(0.5):
        umbrella: list[Point3] = [
            (x - 0.55, 1.8 * size, z),
            (x + 0.55, 1.8 * size, z),
            (x + 0.3, 2.05 * size, z),
            (x - 0.3, 2.05 * size, z),
        ]
        canvas.face(umbrella, dice.vivid(), PEDESTRIAN, lit)


class _Rider:
    """A cyclist at (x, z): strokes are given in metres from the ground below the saddle."""

    def __init__(self, canvas: Canvas, x: float, z: float, dice: Dice) -> None:
        self.canvas, self.x, self.z = canvas, x, z
        self.lit = 0.4 + 0.6 * canvas.light.on(0, -1)
        self.coat = dice.tint(dice.vivid(), 10)
        self.legs = dice.tint(dice.pick(MUTED[3:]), 16)
        self.skin = dice.pick(SKINS)
        self.frame = dice.tint(dice.vivid(), 10)
        self.cap = dice.pick((*HAIRS, *HELMETS))

    def line(self, path: Sequence[Point], width: float, colour: RGB) -> None:
        """A stroke through the points of `path`."""
        points = [(self.x + a, b) for a, b in path]
        self.canvas.stroke(points, self.z, width, colour, BICYCLIST, self.lit)


def draw_cyclist(canvas: Canvas, x: float, z: float, across: bool, dice: Dice) -> None:
    """Draw a rider on a bicycle.

    Args:
        across: whether the rider is seen from the side, rather than from behind or in front.
    """
    rider = _Rider(canvas, x, z, dice)
    if across:
        _from_the_side(rider, dice.pick((-1, 1)))
    else:
        _from_behind(rider, dice.between(-0.15, 0.15))


def _from_the_side(rider: _Rider, way: int) -> None:
    """Ride to the left (`way` -1) or to the right (1)."""
    canvas, x, z = rider.canvas, rider.x, rider.z
    for wheel in (-0.52, 0.52):
        canvas.ring(x + wheel, 0.35, z, 0.35, 0.06, TYRE, BICYCLIST)
    bars = [(-0.52, 0.35), (-0.1, 0.35), (0.36, 0.85), (-0.18, 0.85), (-0.1, 0.35)]
    rider.line([(way * a, b) for a, b in bars], 0.06, rider.frame)
    rider.line([(way * 0.52, 0.35), (way * 0.36, 0.98)], 0.06, rider.frame)
    rider.line([(way * -0.2, 0.95), (way * 0.16, 0.7), (way * -0.06, 0.28)], 0.17, rider.legs)
    rider.line([(way * -0.2, 0.95), (way * 0.14, 1.42)], 0.32, rider.coat)
    rider.line([(way * 0.1, 1.36), (way * 0.26, 1.1), (way * 0.4, 0.98)], 0.11, rider.coat)
    canvas.disc(x + way * 0.24, 1.6, z, 0.13, rider.skin, BICYCLIST, 1.2)
    canvas.disc(x + way * 0.22, 1.68, z, 0.14, rider.cap, BICYCLIST, 0.7)


def _from_behind(rider: _Rider, step: float) -> None:
    """Ride away, or towards the camera; one foot is `step` metres up, the other down."""
    canvas, x, z = rider.canvas, rider.x, rider.z
    canvas.board(x, 0, z, 0.08, 0.7, (24, 24, 26), BICYCLIST, rider.lit)
    rider.line([(-0.12, 0.95), (-0.16, 0.6 + step), (-0.12, 0.25 + step)], 0.16, rider.legs)
    rider.line([(0.12, 0.95), (0.16, 0.6 - step), (0.12, 0.25 - step)], 0.16, rider.legs)
    torso = [(x - 0.2, 0.88, z), (x + 0.2, 0.88, z), (x + 0.25, 1.45, z), (x - 0.25, 1.45, z)]
    canvas.face(torso, rider.coat, BICYCLIST, rider.lit)
    arms = [(-0.24, 1.4), (-0.34, 1.15), (-0.27, 0.98), (0.27, 0.98), (0.34, 1.15), (0.24, 1.4)]
    rider.line(arms, 0.09, rider.coat)
    canvas.disc(x, 1.6, z, 0.12, rider.skin, BICYCLIST, 1.25)
    canvas.disc(x, 1.68, z, 0.13, rider.cap, BICYCLIST, 0.75)
