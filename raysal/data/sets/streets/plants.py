"""Trees and hedges along a street."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from raysal.data.sets.streets.canvas import Canvas
from raysal.data.sets.streets.classes import FENCE, TREE
from raysal.data.sets.streets.colours import BARK, FOLIAGE
from raysal.data.sets.streets.dice import Dice
from raysal.data.sets.streets.types import RGB, Floats, Point3, Rect

SHAPES = ("round",) * 5 + ("column", "conifer", "high", "high")
LEAF_TONES = (0.55, 0.78, 1.0, 1.25)
"""Brightness of leaves, from inside the crown to its sunny side."""


def _leaf_shapes() -> Floats:
    """(16, 10, 2): sixteen ragged blobs of ten corners around the origin."""
    generator = np.random.Generator(np.random.PCG64(11))
    angle = np.arange(10) * (2 * math.pi / 10)
    radius = generator.uniform(0.55, 1.2, (16, 10))
    return np.stack([np.cos(angle) * radius, np.sin(angle) * radius], axis=-1)


LEAVES = _leaf_shapes()


@dataclass(frozen=True)
class Crown:
    """An upright ellipse of leaves around (x, y).

    Attributes:
        wide: half its width in metres.
        tall: half its height in metres.
        tapered: narrow at the top, as a conifer is.
    """

    x: float
    y: float
    wide: float
    tall: float
    tapered: bool = False


def draw_tree(canvas: Canvas, x: float, z: float, height: float, season: str, dice: Dice) -> None:
    """Draw a tree of any shape; in winter it is bare unless it is a conifer."""
    if not canvas.shows([(x - height / 2, 0, z), (x + height / 2, height, z)]):
        return
    shape = dice.pick(SHAPES)
    bark = dice.tint(dice.pick(BARK), 10)
    shades = FOLIAGE["dark" if shape == "conifer" else season]
    shades = tuple(dice.tint(shade, 10) for shade in shades)
    lit = canvas.light.on(0, -1) * 0.5 + 0.5
    trunk = height * (0.5 if shape == "high" else dice.between(0.22, 0.36))
    girth = 0.05 * height * dice.between(0.6, 1.1)
    lean = dice.between(-0.03, 0.03) * height
    canvas.stroke([(x, 0), (x + lean, trunk * 1.2)], z, girth, bark, TREE, lit)
    if season == "winter" and shape != "conifer":
        _branches(canvas, x + lean, trunk, z, height, girth, bark, dice)
        return
    if shape == "conifer":
        crown = Crown(x, height * 0.55, height * 0.24, height * 0.46, tapered=True)
    else:
        share = {"column": 0.15, "round": 0.36, "high": 0.38}[shape]
        tall = (height - trunk * 0.8) / 2
        crown = Crown(x + lean, height - tall, height * share * dice.between(0.8, 1.2), tall)
    _foliage(canvas, crown, z, shades, dice)


def draw_hedge(
    canvas: Canvas,
    x: float,
    near: float,
    far: float,
    height: float,
    cls: int,
    shades: tuple[RGB, ...],
    dice: Dice,
) -> None:
    """Draw a clipped hedge from z `near` to `far`, one metre deep.

    Args:
        cls: FENCE for a hedge with posts and rails, TREE for shrubs.
    """
    side = 1.0 if x > 0 else -1.0
    lit = 0.5 + 0.5 * canvas.light.on(-side, 0)
    front: list[Point3] = [(x, 0, near), (x, 0, far), (x, height, far), (x, height, near)]
    end = [(x, 0, near), (x + side, 0, near), (x + side, height, near), (x, height, near)]
    canvas.face(end, shades[0], cls, lit * 0.8)
    canvas.face(front, shades[0], cls, lit)
    raw = dice.array(3 * 60).reshape(60, 3)
    u, v, size = raw[:, 0], raw[:, 1] * 0.98, 0.02 + 0.05 * raw[:, 2]
    rects = np.stack([u, v, u + size, v + size * 3], axis=-1)
    tones = [(r * tone, g * tone, b * tone) for r, g, b in shades for tone in (0.7, 1.2)]
    canvas.decals(front, rects, tones, cls, lit)
    if cls == FENCE:
        bars: list[Rect] = [(0.0, 0.0, 1.0, 0.25), (0.0, 0.6, 1.0, 0.7), (0.0, 0.0, 0.06, 1.1)]
        canvas.decals(front, bars, [dice.tint(dice.pick(BARK), 30)], cls, lit)


def _branches(
    canvas: Canvas, x: float, y: float, z: float, height: float, girth: float, bark: RGB, dice: Dice
) -> None:
    """A bare crown from (x, y) up: branches that fork once, or twice if the tree is large."""
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


def _foliage(canvas: Canvas, crown: Crown, z: float, shades: tuple[RGB, ...], dice: Dice) -> None:
    """A cloud of leaf blobs around a few lobes, dark inside and bright towards the sun."""
    u, v = canvas.camera.at(crown.x, crown.y, z)
    size = np.array([crown.wide, crown.tall]) * canvas.camera.scale(z)
    width, height = canvas.image.size
    if not (-size[0] < u < width + size[0] and -size[1] < v < height + size[1]):
        return
    count = int(min(7 + 180 * float(size.max()) / height, 160))
    lobes = dice.array(10).reshape(5, 2) - 0.5
    raw = dice.array(count * 5).reshape(count, 5)
    spread = _spread(raw, lobes, crown.tapered)
    # Large blobs first, then small bright tufts.
    order = np.linspace(1.0, 0.0, count)
    fine = min(1.0, (30 / count) ** 0.5)
    radius = float(size.min()) * fine * (0.13 + 0.42 * order**2) * (0.7 + 0.6 * raw[:, 2])
    radius = np.maximum(radius, 1.0)[:, None, None]
    centres = (np.array([u, v]) + spread * size * 0.88)[:, None, :]
    shapes = LEAVES[(raw[:, 3] * 16).astype(int)] * radius + centres
    colours = [(r * lit, g * lit, b * lit) for lit in LEAF_TONES for r, g, b in shades]
    light = canvas.light
    sunward = math.copysign(0.5, math.sin(light.azimuth)) * min(light.direct * 2, 1.0)
    level = 1.9 - spread[:, 1] - 1.4 * order + sunward * spread[:, 0] + 1.2 * (raw[:, 2] - 0.5)
    tiers = np.clip(level, 0, 3.4).astype(int)
    picks = tiers * len(shades) + (raw[:, 3] * 997).astype(int) % len(shades)
    canvas.shapes(shapes, colours, picks.tolist(), TREE, z)


def _spread(raw: Floats, lobes: Floats, tapered: bool) -> Floats:
    """(N, 2) centres of leaf blobs in a crown of radius 1.

    Args:
        raw: (N, 5) numbers in [0, 1).
        lobes: (5, 2) centres of the lobes.
    """
    angle, reach = raw[:, 0] * 2 * math.pi, np.sqrt(raw[:, 1])
    spread = np.stack([np.cos(angle) * reach, np.sin(angle) * reach], axis=-1)
    if tapered:
        spread[:, 0] *= 0.15 + 0.85 * (spread[:, 1] + 1) / 2
        return spread
    lobed: Floats = 0.68 * spread + 0.85 * lobes[(raw[:, 4] * 5).astype(int)]
    return lobed
