"""What stands beside a street: trees and hedges, poles, signs, lights, and unlabelled oddments."""

import math
from dataclasses import dataclass

import numpy as np

from raysal.data.sets.streets.canvas import (
    FENCE,
    POLE,
    RGB,
    SIGN,
    TREE,
    VOID,
    Canvas,
    Dice,
    Floats,
    Point3,
    Rect,
)
from raysal.data.sets.streets.light import Light
from raysal.data.sets.streets.plan import FOLIAGE

BARK: tuple[RGB, ...] = ((66, 54, 44), (88, 76, 64), (48, 44, 42), (112, 104, 94))


def _leaf_shapes() -> Floats:
    """Sixteen ragged blobs of ten corners around the origin."""
    generator = np.random.Generator(np.random.PCG64(11))
    angle = np.arange(10) * (2 * math.pi / 10)
    radius = generator.uniform(0.55, 1.2, (16, 10))
    return np.stack([np.cos(angle) * radius, np.sin(angle) * radius], axis=-1)


LEAVES = _leaf_shapes()


@dataclass(frozen=True)
class Crown:
    """An upright ellipse of leaves around (x, y), in metres; taper narrows it to the top."""

    x: float
    y: float
    wide: float
    tall: float
    taper: float = 0.0


def _foliage(
    canvas: Canvas, light: Light, crown: Crown, z: float, shades: tuple[RGB, ...], dice: Dice
) -> None:
    """A cloud of leaf blobs around a few lobes, dark within and bright to the sun."""
    scale = canvas.camera.scale(z)
    u, v = canvas.camera.at(crown.x, crown.y, z)
    size = np.array([crown.wide, crown.tall]) * scale
    width, height = canvas.image.size
    if not (-size[0] < u < width + size[0] and -size[1] < v < height + size[1]):
        return
    count = int(min(7 + 180 * float(size.max()) / height, 160))
    lobes = dice.array(10).reshape(5, 2) - 0.5
    raw = dice.array(count * 5).reshape(count, 5)
    angle, reach = raw[:, 0] * 2 * math.pi, np.sqrt(raw[:, 1])
    spread = np.stack([np.cos(angle) * reach, np.sin(angle) * reach], axis=-1)
    if crown.taper:
        spread[:, 0] *= 0.15 + 0.85 * (spread[:, 1] + 1) / 2
    else:
        spread = 0.68 * spread + 0.85 * lobes[(raw[:, 4] * 5).astype(int)]
    # big blobs first, then small bright tufts
    order = np.linspace(1.0, 0.0, count)
    fine = min(1.0, (30 / count) ** 0.5)
    radius = float(size.min()) * fine * (0.13 + 0.42 * order**2) * (0.7 + 0.6 * raw[:, 2])
    radius = np.maximum(radius, 1.0)[:, None, None]
    centres = (np.array([u, v]) + spread * size * 0.88)[:, None, :]
    shapes = LEAVES[(raw[:, 3] * 16).astype(int)] * radius + centres
    colours: list[RGB] = []
    for lit in (0.55, 0.78, 1.0, 1.25):
        colours += [(r * lit, g * lit, b * lit) for r, g, b in shades]
    sunward = math.copysign(0.5, math.sin(light.azimuth)) * min(light.direct * 2, 1.0)
    level = 1.9 - spread[:, 1] - 1.4 * order + sunward * spread[:, 0] + 1.2 * (raw[:, 2] - 0.5)
    tiers = np.clip(level, 0, 3.4).astype(int)
    picks = tiers * len(shades) + (raw[:, 3] * 997).astype(int) % len(shades)
    canvas.shapes(shapes, colours, picks.tolist(), TREE, z)


def draw_tree(
    canvas: Canvas, light: Light, x: float, z: float, height: float, season: str, dice: Dice
) -> None:
    """A tree of any shape; in winter the broad-leaved ones are bare."""
    if not canvas.shows([(x - height / 2, 0, z), (x + height / 2, height, z)]):
        return
    kind = dice.pick(("round",) * 5 + ("column", "conifer", "high", "high"))
    bark = dice.tint(dice.pick(BARK), 10)
    shades = FOLIAGE["dark" if kind == "conifer" else season]
    shades = tuple(dice.tint(shade, 10) for shade in shades)
    lit = light.on(0, -1) * 0.5 + 0.5
    trunk = height * (0.5 if kind == "high" else dice.between(0.22, 0.36))
    girth = 0.05 * height * dice.between(0.6, 1.1)
    lean = dice.between(-0.03, 0.03) * height
    canvas.stroke([(x, 0), (x + lean, trunk * 1.2)], z, girth, bark, TREE, lit)
    if season == "winter" and kind != "conifer":
        _branches(canvas, x + lean, trunk, z, height, girth, bark, dice)
        return
    if kind == "conifer":
        crown = Crown(x, height * 0.55, height * 0.24, height * 0.46, taper=1.0)
    else:
        wide = height * {"column": 0.15, "round": 0.36, "high": 0.38}[kind] * dice.between(0.8, 1.2)
        tall = (height - trunk * 0.8) / 2
        crown = Crown(x + lean, height - tall, wide, tall)
    _foliage(canvas, light, crown, z, shades, dice)


def _branches(
    canvas: Canvas, x: float, y: float, z: float, height: float, girth: float, bark: RGB, dice: Dice
) -> None:
    """A bare crown: branches that fork twice."""
    tips = [(x, y, math.pi / 2, (height - y) * 0.5, girth)]
    for level in range(3 if canvas.camera.scale(z) * height > 130 * canvas.grain else 2):
        grown = []
        for from_x, from_y, angle, length, width in tips:
            for _ in range(4 if level == 0 else 3):
                turned = angle + dice.between(-0.9, 0.9)
                reach = length * dice.between(0.5, 1.0)
                to = (from_x + math.cos(turned) * reach, from_y + math.sin(turned) * reach)
                canvas.stroke([(from_x, from_y), to], z, width * 0.55, bark, TREE)
                grown.append((*to, turned, length * 0.62, width * 0.5))
        tips = grown


def draw_hedge(
    canvas: Canvas, light: Light, x: float, near: float, far: float, height: float, cls: int,
    shades: tuple[RGB, ...], dice: Dice,
) -> None:  # fmt: skip
    """A clipped hedge along the street. It may count as a fence or as plants."""
    side = 1.0 if x > 0 else -1.0
    lit = 0.5 + 0.5 * light.on(-side, 0)
    front: list[Point3] = [(x, 0, near), (x, 0, far), (x, height, far), (x, height, near)]
    end = [(x, 0, near), (x + side, 0, near), (x + side, height, near), (x, height, near)]
    canvas.face(end, shades[0], cls, lit * 0.8)
    canvas.face(front, shades[0], cls, lit)
    raw = dice.array(3 * 60).reshape(60, 3)
    u, v, size = raw[:, 0], raw[:, 1] * 0.98, 0.02 + 0.05 * raw[:, 2]
    rects = np.stack([u, v, u + size, v + size * 3], axis=-1)
    tones = [(r * tone, g * tone, b * tone) for r, g, b in shades for tone in (0.7, 1.2)]
    canvas.decals(front, rects, tones, cls, lit)
    if cls == FENCE:  # what makes it one: posts, rails and a low wall
        bars: list[Rect] = [(0.0, 0.0, 1.0, 0.25), (0.0, 0.6, 1.0, 0.7), (0.0, 0.0, 0.06, 1.1)]
        canvas.decals(front, bars, [dice.tint(dice.pick(BARK), 30)], cls, lit)


def draw_lamp(canvas: Canvas, light: Light, x: float, z: float, height: float, dice: Dice) -> None:
    """A street lamp, its arm towards the road."""
    colour = dice.tint(dice.pick(((92, 96, 98), (60, 66, 62), (150, 152, 152), (36, 36, 38))), 12)
    thick = dice.between(0.11, 0.17)
    lit = light.on(0, -1) * 0.5 + 0.5
    arm = dice.between(0.6, 2.0) * (-1 if x > 0 else 1)
    canvas.board(x, 0, z, thick * 1.5, min(1.2, height), colour, POLE, lit)
    canvas.board(x, 0, z, thick, height, colour, POLE, lit)
    lamp = (255, 236, 180) if light.lamps else (206, 208, 206)
    if dice.chance(0.7):
        canvas.stroke([(x, height), (x + arm, height + 0.35)], z, thick * 0.8, colour, POLE, lit)
        tip = (x + arm * 1.25, height + 0.35)
        canvas.stroke([(x + arm * 0.9, height + 0.35), tip], z, thick * 1.6, lamp, POLE)
    else:
        canvas.disc(x, height + 0.2, z, 0.28, lamp, POLE)


def draw_mast(canvas: Canvas, light: Light, x: float, z: float, dice: Dice) -> None:
    """A plain post: wood, concrete or a thin bollard."""
    low = dice.chance(0.4)
    height = dice.between(0.9, 1.2) if low else dice.between(6, 9)
    colour = dice.tint(dice.pick(((110, 90, 68), (150, 148, 142), (54, 54, 56), (196, 194, 188))))
    canvas.board(x, 0, z, dice.between(0.14, 0.26), height, colour, POLE, light.on(0, -1))


def draw_sign(canvas: Canvas, light: Light, x: float, z: float, dice: Dice) -> None:
    """A traffic sign or direction board on its post."""
    kind = dice.pick(("round", "round", "triangle", "plate", "plate", "board", "stop"))
    post = dice.tint((138, 140, 142), 24)
    lit = 0.35 + 0.65 * light.on(0, -1)
    base = dice.between(2.1, 2.7)
    size = dice.between(0.28, 0.44)
    canvas.board(x, 0, z, 0.09, base + size, post, POLE, lit)
    middle = base + size
    edge, inner = dice.pick(
        (((196, 30, 34), (240, 240, 236)), ((24, 76, 168), (36, 92, 186)),
         ((236, 236, 232), (24, 110, 70)), ((30, 30, 30), (240, 200, 40)))
    )  # fmt: skip
    if kind in ("round", "stop"):
        if kind == "stop":
            edge, inner = (188, 28, 32), (200, 40, 44)
        canvas.disc(x, middle, z, size, edge, SIGN)
        canvas.disc(x, middle, z, size * 0.7, inner, SIGN)
        bar = dice.pick((edge, (240, 240, 240)))
        canvas.board(x, middle - 0.07, z, size * 0.9, 0.14, bar, SIGN)
    elif kind == "triangle":
        for grow, colour in ((1.15, edge), (0.7, inner)):
            reach = size * grow
            corners: list[Point3] = [
                (x - reach, middle - reach * 0.7, z), (x + reach, middle - reach * 0.7, z),
                (x, middle + reach, z),
            ]  # fmt: skip
            canvas.face(corners, colour, SIGN, lit)
    else:
        wide, tall = (size * 2, size * 2.4) if kind == "plate" else (size * 5, size * 2.6)
        canvas.board(x, base, z, wide, tall, edge, SIGN, lit)
        canvas.board(x, base + 0.06, z, wide * 0.9, tall - 0.12, inner, SIGN, lit)
        for row in (0.3, 0.6):
            canvas.board(x, base + tall * row, z, wide * 0.6, tall * 0.12, edge, SIGN, lit)


def draw_signal(canvas: Canvas, light: Light, x: float, z: float, dice: Dice) -> None:
    """A traffic light; now and then it hangs from an arm over the road."""
    inward = -1 if x > 0 else 1
    arm = dice.between(2.0, 4.5) * inward if dice.chance(0.35) else 0.0
    height = 5.4 if arm else dice.between(2.4, 3.0)
    colour = dice.tint((70, 74, 74), 24)
    canvas.board(x, 0, z, 0.15, height + 0.4, colour, POLE, light.on(0, -1))
    heads = [(x, 2.4 if arm else height)]
    if arm:
        canvas.stroke([(x, height + 0.3), (x + arm, height + 0.3)], z, 0.13, colour, POLE)
        heads.append((x + arm, height - 0.7))
    lit = dice.whole(0, 2)
    for at, base in heads:
        canvas.board(at, base, z, 0.42, 1.05, (26, 28, 28), SIGN)
        for index, bulb in enumerate(((60, 220, 120), (250, 190, 50), (250, 50, 40))):
            shade = bulb if index == lit else (52, 50, 48)
            canvas.disc(at, base + 0.2 + 0.32 * index, z, 0.13, shade, SIGN)


def draw_oddment(canvas: Canvas, light: Light, x: float, z: float, dice: Dice) -> None:
    """Something that no class covers: a bin, a cabinet, a skip, a parcel box."""
    wide, tall = dice.pick(((0.6, 1.1), (0.8, 1.3), (1.6, 1.1), (0.45, 0.9), (1.2, 0.7)))
    colour = dice.tint(dice.pick(((60, 80, 62), (70, 72, 76), (120, 110, 96), (150, 50, 44))), 20)
    lit = light.on(0, -1)
    canvas.board(x, 0, z, wide, tall, colour, VOID, lit)
    canvas.board(x, tall * 0.9, z, wide * 1.08, tall * 0.12, dice.tint(colour, 30), VOID, lit)
    canvas.board(x, tall * 0.3, z, wide * 0.5, tall * 0.3, dice.tint(colour, 40), VOID, lit)
