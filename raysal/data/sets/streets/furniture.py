"""Street furniture: lamps, posts, signs, traffic lights, and objects of no class."""

from __future__ import annotations

from raysal.data.sets.streets.canvas import Canvas
from raysal.data.sets.streets.classes import POLE, SIGN, VOID
from raysal.data.sets.streets.dice import Dice
from raysal.data.sets.streets.types import RGB, Point3

LAMP_POSTS: tuple[RGB, ...] = ((92, 96, 98), (60, 66, 62), (150, 152, 152), (36, 36, 38))
POSTS: tuple[RGB, ...] = ((110, 90, 68), (150, 148, 142), (54, 54, 56), (196, 194, 188))
ODDMENTS: tuple[RGB, ...] = ((60, 80, 62), (70, 72, 76), (120, 110, 96), (150, 50, 44))
ODDMENT_SIZES_M = ((0.6, 1.1), (0.8, 1.3), (1.6, 1.1), (0.45, 0.9), (1.2, 0.7))
"""Width and height of a bin, a cabinet, a skip and the like."""
SIGN_KINDS = ("round", "round", "triangle", "plate", "plate", "board", "stop")
SIGN_COLOURS: tuple[tuple[RGB, RGB], ...] = (
    ((196, 30, 34), (240, 240, 236)),
    ((24, 76, 168), (36, 92, 186)),
    ((236, 236, 232), (24, 110, 70)),
    ((30, 30, 30), (240, 200, 40)),
)
"""Edge and middle of a sign."""
STOP: tuple[RGB, RGB] = ((188, 28, 32), (200, 40, 44))
BULBS: tuple[RGB, ...] = ((60, 220, 120), (250, 190, 50), (250, 50, 40))
UNLIT: RGB = (52, 50, 48)


def draw_lamp(canvas: Canvas, x: float, z: float, height: float, dice: Dice) -> None:
    """Draw a street lamp whose arm points to the road."""
    colour = dice.tint(dice.pick(LAMP_POSTS), 12)
    thick = dice.between(0.11, 0.17)
    lit = canvas.light.on(0, -1) * 0.5 + 0.5
    arm = dice.between(0.6, 2.0) * (-1 if x > 0 else 1)
    canvas.board(x, 0, z, thick * 1.5, min(1.2, height), colour, POLE, lit)
    canvas.board(x, 0, z, thick, height, colour, POLE, lit)
    lamp = (255, 236, 180) if canvas.light.lamps else (206, 208, 206)
    if dice.chance(0.7):
        canvas.stroke([(x, height), (x + arm, height + 0.35)], z, thick * 0.8, colour, POLE, lit)
        tip = (x + arm * 1.25, height + 0.35)
        canvas.stroke([(x + arm * 0.9, height + 0.35), tip], z, thick * 1.6, lamp, POLE)
    else:
        canvas.disc(x, height + 0.2, z, 0.28, lamp, POLE)


def draw_post(canvas: Canvas, x: float, z: float, dice: Dice) -> None:
    """Draw a plain post of wood or concrete, or a bollard."""
    low = dice.chance(0.4)
    height = dice.between(0.9, 1.2) if low else dice.between(6, 9)
    colour = dice.tint(dice.pick(POSTS))
    width = dice.between(0.14, 0.26)
    canvas.board(x, 0, z, width, height, colour, POLE, canvas.light.on(0, -1))


def draw_sign(canvas: Canvas, x: float, z: float, dice: Dice) -> None:
    """Draw a traffic sign or direction board on its post."""
    kind = dice.pick(SIGN_KINDS)
    post = dice.tint((138, 140, 142), 24)
    lit = 0.35 + 0.65 * canvas.light.on(0, -1)
    base = dice.between(2.1, 2.7)
    size = dice.between(0.28, 0.44)
    canvas.board(x, 0, z, 0.09, base + size, post, POLE, lit)
    edge, inner = dice.pick(SIGN_COLOURS)
    if kind == "stop":
        edge, inner = STOP
    if kind in ("round", "stop"):
        bar = dice.pick((edge, (240, 240, 240)))
        _round_sign(canvas, x, base + size, z, size, (edge, inner, bar))
    elif kind == "triangle":
        _triangle(canvas, x, base + size, z, size * 1.15, edge, lit)
        _triangle(canvas, x, base + size, z, size * 0.7, inner, lit)
    else:
        wide, tall = (size * 2, size * 2.4) if kind == "plate" else (size * 5, size * 2.6)
        canvas.board(x, base, z, wide, tall, edge, SIGN, lit)
        canvas.board(x, base + 0.06, z, wide * 0.9, tall - 0.12, inner, SIGN, lit)
        for row in (0.3, 0.6):
            canvas.board(x, base + tall * row, z, wide * 0.6, tall * 0.12, edge, SIGN, lit)


def draw_signal(canvas: Canvas, x: float, z: float, dice: Dice) -> None:
    """Draw a traffic light; some have an arm over the road with a second head."""
    inward = -1 if x > 0 else 1
    arm = dice.between(2.0, 4.5) * inward if dice.chance(0.35) else 0.0
    height = 5.4 if arm else dice.between(2.4, 3.0)
    colour = dice.tint((70, 74, 74), 24)
    canvas.board(x, 0, z, 0.15, height + 0.4, colour, POLE, canvas.light.on(0, -1))
    heads = [(x, 2.4 if arm else height)]
    if arm:
        canvas.stroke([(x, height + 0.3), (x + arm, height + 0.3)], z, 0.13, colour, POLE)
        heads.append((x + arm, height - 0.7))
    lit = dice.whole(0, 2)
    for at, base in heads:
        canvas.board(at, base, z, 0.42, 1.05, (26, 28, 28), SIGN)
        for index, bulb in enumerate(BULBS):
            shade = bulb if index == lit else UNLIT
            canvas.disc(at, base + 0.2 + 0.32 * index, z, 0.13, shade, SIGN)


def draw_oddment(canvas: Canvas, x: float, z: float, dice: Dice) -> None:
    """Draw something that no class covers: a bin, a cabinet, a skip, a parcel box."""
    wide, tall = dice.pick(ODDMENT_SIZES_M)
    colour = dice.tint(dice.pick(ODDMENTS), 20)
    lit = canvas.light.on(0, -1)
    canvas.board(x, 0, z, wide, tall, colour, VOID, lit)
    canvas.board(x, tall * 0.9, z, wide * 1.08, tall * 0.12, dice.tint(colour, 30), VOID, lit)
    canvas.board(x, tall * 0.3, z, wide * 0.5, tall * 0.3, dice.tint(colour, 40), VOID, lit)


def _round_sign(
    canvas: Canvas, x: float, y: float, z: float, size: float, tones: tuple[RGB, RGB, RGB]
) -> None:
    """A disc of radius `size` metres around (x, y): edge, middle and a bar across it."""
    edge, inner, bar = tones
    canvas.disc(x, y, z, size, edge, SIGN)
    canvas.disc(x, y, z, size * 0.7, inner, SIGN)
    canvas.board(x, y - 0.07, z, size * 0.9, 0.14, bar, SIGN)


def _triangle(
    canvas: Canvas, x: float, y: float, z: float, reach: float, colour: RGB, lit: float
) -> None:
    """A triangle around (x, y) whose tip is `reach` metres above."""
    low = y - reach * 0.7
    corners: list[Point3] = [(x - reach, low, z), (x + reach, low, z), (x, y + reach, z)]
    canvas.face(corners, colour, SIGN, lit)
