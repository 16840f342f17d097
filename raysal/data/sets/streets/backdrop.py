"""What closes the view at the end of a street."""

from __future__ import annotations

from raysal.data.sets.streets.canvas import Canvas
from raysal.data.sets.streets.classes import BUILDING, TREE
from raysal.data.sets.streets.colours import FOLIAGE, MASONRY
from raysal.data.sets.streets.dice import Dice
from raysal.data.sets.streets.plan import Street


def draw_backdrop(canvas: Canvas, street: Street, dice: Dice) -> None:
    """A row of distant trees and buildings across the view."""
    z = dice.between(100, 180)
    x = -150.0
    tall = street.usual.height[1] * 1.3
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
