"""Furnishing a street: buildings, greenery, posts, cars and people, each put in its place."""

import math
from functools import partial

from raysal.data.sets.streets.built import Building, Fence, draw_building, draw_fence
from raysal.data.sets.streets.canvas import FENCE, RGB, TREE, Dice
from raysal.data.sets.streets.light import Light
from raysal.data.sets.streets.objects import (
    draw_hedge,
    draw_lamp,
    draw_mast,
    draw_oddment,
    draw_sign,
    draw_signal,
    draw_tree,
)
from raysal.data.sets.streets.plan import FOLIAGE, MASONRY, SIDES, Draw, Ground, Street
from raysal.data.sets.streets.traffic import BODIES, KINDS, draw_car, draw_cyclist, draw_person

BARRIERS = ("wall", "wall", "boards", "railing", "railing", "mesh", "hedge", "shrubs")
TIMBER: tuple[RGB, ...] = ((128, 98, 70), (96, 82, 68), (150, 136, 116))
IRON: tuple[RGB, ...] = ((34, 38, 36), (60, 84, 66), (140, 144, 146))


def furnish(street: Street, light: Light, dice: Dice, step: int) -> None:
    """Place everything; step is how many frames the scene has been running."""
    for side in SIDES:
        wooded = street.kind == "park" and side == -street.keep
        _row(street, light, side, wooded, dice.fork())
        _barriers(street, side, wooded, dice.fork())
        _greenery(street, light, side, dice.fork())
        _furniture(street, light, side, dice.fork())
        _parked(street, light, side, dice.fork())
    _moving(street, light, dice.fork(), step)
    _walkers(street, light, dice.fork(), step)
    _cyclists(street, light, dice.fork(), step)


def _row(street: Street, light: Light, side: int, wooded: bool, dice: Dice) -> None:
    """Buildings along one side, or a wood."""
    z, front = dice.between(-3, 3), street.front(side)
    usual = dice.between(*street.manner.height)
    bare = True
    while z < 100:
        length = dice.between(6, 12) if usual < 10 else dice.between(8, 18)
        height = min(max(usual * dice.between(0.7, 1.35), 4.2), 60)
        gap = dice.between(1.5, 7) if dice.chance(street.manner.gap) else 0.0
        roof, own = dice.pick(street.manner.roofs), dice.fork()
        at = front + dice.between(0, 0.8)
        if street.open(z - 1, z + length + 1) and not wooded:
            item = Building(side, at, z, z + length, height, roof, bare, own)
            street.add(item.far, 1.2, partial(draw_building, item=item))
            _block_shadow(street, light, item)
            bare = gap > 0
        else:
            bare = True
            if wooded or dice.chance(0.3):
                for _ in range(2):
                    x = side * (front + dice.between(0, 9))
                    _plant(street, light, x, z + dice.between(0, length), own.between(6, 13), dice)
        z += length + gap


def _block_shadow(street: Street, light: Light, item: Building) -> None:
    x, back = item.side * item.front, item.side * (item.front + 12)
    near, far = item.near, item.far
    dx, dz = light.cast(item.height)
    street.cast([(x, near), (x, far), (x + dx, far + dz), (x + dx, near + dz)], 1.0)
    street.cast([(back, near), (x, near), (x + dx, near + dz), (back + dx, near + dz)], 1.0)
    roof = [(x + dx, near + dz), (x + dx, far + dz), (back + dx, far + dz), (back + dx, near + dz)]
    street.cast(roof, 1.0)


def _barriers(street: Street, side: int, wooded: bool, dice: Dice) -> None:
    """Fences, walls and hedges behind the pavement, guard rails at the kerb."""
    edge, manner = street.edges[side], street.manner
    if dice.chance(manner.fences) and (street.setback[side] > 0.4 or wooded):
        kind = dice.pick(BARRIERS)
        tones = TIMBER if kind == "boards" else IRON if kind in ("railing", "mesh") else MASONRY
        low, high = {"wall": (0.7, 1.7), "boards": (1.2, 2.0)}.get(kind, (0.9, 1.6))
        x, near, far = edge + street.pavement[side] + 0.1, dice.between(2, 8), dice.between(25, 70)
        shape = Fence(side * x, near, far, dice.between(low, high), kind,
                      dice.tint(dice.pick(tones), 14), side, dice)  # fmt: skip
        _run(street, shape, dice)
    if dice.chance(0.13):
        near, length = dice.between(4, 14), dice.between(6, 24)
        kind, colour = dice.pick(("railing", "barrier")), dice.tint((140, 142, 144), 30)
        _run(street, Fence(side * (edge + 0.3), near, near + length, 1.0, kind, colour, side, dice),
             dice)  # fmt: skip


def _run(street: Street, whole: Fence, dice: Dice) -> None:
    """A fence in pieces, so that each hides behind what is nearer; some gates stand open."""
    season = "summer" if street.season == "winter" else street.season
    leaves = tuple(dice.tint(shade, 10) for shade in FOLIAGE[season])
    z = whole.near
    while z < whole.far:
        end = z + dice.between(3, 7)
        own = dice.fork()
        if street.open(z, end) and not dice.chance(0.1):
            piece = Fence(whole.x, z, end, whole.height, whole.kind, whole.colour, whole.side, own)
            draw: Draw = partial(draw_fence, item=piece)
            if whole.kind in ("hedge", "shrubs"):
                cls = FENCE if whole.kind == "hedge" else TREE
                draw = partial(draw_hedge, x=whole.x, near=z, far=end, height=whole.height,
                               cls=cls, shades=leaves, dice=own)  # fmt: skip
            street.add(end, 1.2, draw)
        z = end + (dice.between(1, 3) if dice.chance(0.2) else 0.0)


def _plant(street: Street, light: Light, x: float, z: float, height: float, dice: Dice) -> None:
    """A tree and its shadow."""
    season = street.season
    tree = partial(draw_tree, x=x, z=z, height=height, season=season, dice=dice.fork())
    street.add(z, 2.5, tree)
    dx, dz = light.cast(height * 0.65)
    wide, deep = height * 0.3, height * 0.3 * max(light.reach, 0.6)
    crown: Ground = []
    for angle in (step * math.pi / 8 for step in range(16)):
        across = x + dx + wide * math.cos(angle) * (1 + 0.2 * math.sin(5 * angle))
        crown.append((across, z + dz + deep * math.sin(angle)))
    street.cast(crown, 0.8)
    _thin_shadow(street, light, x, z, height * 0.65, 0.4)


def _thin_shadow(
    street: Street, light: Light, x: float, z: float, height: float, width: float
) -> None:
    dx, dz = light.cast(height)
    half = width / 2
    foot, tip = (x - half, x + half), (x + dx + half, x + dx - half)
    street.cast([(foot[0], z), (foot[1], z), (tip[0], z + dz), (tip[1], z + dz)], 0.8)


def _greenery(street: Street, light: Light, side: int, dice: Dice) -> None:
    """A row of kerbside trees, and single ones in the front gardens."""
    share, setback = street.manner.trees, street.setback[side]
    rows, height = dice.chance(share), dice.between(5, 10)
    z, spacing = dice.between(4, 14), dice.between(7, 15)
    while z < 80:
        at = z + dice.between(-1.5, 1.5)
        if rows and dice.chance(0.85) and street.open(at - 1, at + 1):
            x = side * (street.edges[side] + 0.8)
            _plant(street, light, x, at, height * dice.between(0.8, 1.2), dice)
        at += spacing / 2
        if setback > 2 and dice.chance(share * 0.5) and street.open(at, at):
            x = side * (street.front(side) - setback + dice.between(0.6, setback))
            _plant(street, light, x, at, dice.between(2, 7), dice)
        z += spacing


def _furniture(street: Street, light: Light, side: int, dice: Dice) -> None:
    """Lamps, posts, signs, signals and oddments near the kerb."""
    x = side * (street.edges[side] + 0.45)
    if dice.chance(0.7):
        z, spacing, height = dice.between(5, 22), dice.between(20, 36), dice.between(4.5, 9)
        while z < 80:
            own = dice.fork()
            if street.open(z - 0.5, z + 0.5):
                street.add(z, 2.0, partial(draw_lamp, x=x, z=z, height=height, dice=own))
                _thin_shadow(street, light, x, z, height, 0.2)
            z += spacing
    for _ in range(dice.whole(1, 5)):
        z, off, own = dice.between(5, 32), dice.between(-0.1, 1.2), dice.fork()
        at, choice = x + side * min(off, street.pavement[side] - 0.5), dice.unit()
        if street.open(z - 0.5, z + 0.5):
            draw = draw_sign if choice < 0.65 else draw_mast if choice < 0.85 else draw_oddment
            street.add(z, 2.0, partial(draw, x=at, z=z, dice=own))
            _thin_shadow(street, light, at, z, 2.0, 0.2)
    if street.crossing and dice.chance(0.65):
        near, far = street.crossing
        z = near - 0.8 if side == street.keep or dice.chance(0.5) else far + 1.0
        street.add(z, 2.0, partial(draw_signal, x=x, z=z, dice=dice.fork()))


def _park(
    street: Street, light: Light, x: float, z: float, turn: float, kind: str, dice: Dice,
    braking: bool = False,
) -> None:  # fmt: skip
    """A car and its shadows: one that the sky casts under it, one that the sun casts."""
    body = BODIES[kind]
    half, wide = body.length / 2, body.width / 2
    if abs(math.sin(turn)) > 0.7:
        half, wide = wide, half
    car = partial(draw_car, x=x, z=z, turn=turn, kind=kind, braking=braking, dice=dice.fork())
    street.add(z - half / 2, 2.2 + half / 2, car)
    foot = [(-wide, -half), (wide, -half), (wide, half), (-wide, half)]
    street.cast([(x + a * 1.12, z + b * 1.06) for a, b in foot], 0.6, sky=True)
    dx, dz = light.cast(body.roof * 0.8)
    street.cast([(x + a + dx, z + b + dz) for a, b in foot], 1.0)


def _parked(street: Street, light: Light, side: int, dice: Dice) -> None:
    if street.edges[side] < 3.1 or not dice.chance(street.manner.parked * 1.7):
        return
    x, z = side * (street.edges[side] - 1.05), dice.between(5, 14)
    while z < 70:
        kind = dice.pick(KINDS[:-2])
        length = BODIES[kind].length
        turn = (0.0 if side == street.keep else math.pi) + dice.between(-0.04, 0.04)
        if dice.chance(0.15):
            turn += math.pi
        if dice.chance(0.7) and street.open(z - 4, z + length + 4):
            _park(street, light, x + dice.between(-0.15, 0.15), z + length / 2, turn, kind, dice)
        z += length + dice.between(0.6, 2.5)


def _moving(street: Street, light: Light, dice: Dice, step: int) -> None:
    """Cars ahead, cars oncoming, and one that crosses at the side street."""
    if dice.chance(0.7):
        speed, braking = dice.between(-0.4, 1.2), dice.chance(0.4)
        z, x = dice.between(8, 34) + speed * step, dice.between(-0.4, 0.4)
        _park(street, light, x, z, 0.0, dice.pick(KINDS), dice, braking)
    for _ in range(dice.whole(0, 3)):
        z = dice.between(9, 60) - dice.between(1.0, 2.0) * step
        x = -street.keep * (street.edges[-street.keep] - dice.pick((1.4, 3.2)))
        kind = dice.pick(KINDS)
        if abs(x) > 1.9:
            _park(street, light, x, z, math.pi, kind, dice)
    if street.crossing and dice.chance(0.6):
        near, far = street.crossing
        z, way = near + (far - near) * dice.pick((0.28, 0.72)), dice.pick(SIDES)
        _park(street, light, dice.between(-14, 14) + way * step, z, way * math.pi / 2,
              dice.pick(KINDS), dice)  # fmt: skip


def _walkers(street: Street, light: Light, dice: Dice, step: int) -> None:
    """People on the pavements, at crossings, and a few in the road."""
    for _ in range(dice.whole(*street.manner.people)):
        side = dice.pick(SIDES)
        edge, paved = street.edges[side], street.pavement[side]
        z = dice.between(9, 34) + dice.between(-0.3, 0.3) * step
        x = side * (edge + dice.between(0.4, max(paved - 0.3, 0.6)))
        if dice.chance(0.1):
            x = dice.between(-street.edges[-1], street.edges[1])
        if street.crossing and dice.chance(0.3):
            z = street.crossing[0] - dice.between(0.5, 3)
            x = dice.between(-street.edges[-1], street.edges[1])
        for friend in range(2 if dice.chance(0.25) else 1):
            at = x + 0.6 * friend
            street.add(z, 2.0, partial(draw_person, x=at, z=z, dice=dice.fork()))
            _thin_shadow(street, light, at, z, 1.7, 0.45)


def _cyclists(street: Street, light: Light, dice: Dice, step: int) -> None:
    for _ in range(dice.pick((0, 0, 1, 1, 2, 2))):
        side, across = dice.pick(SIDES), dice.chance(0.15)
        z = dice.between(6, 19) + dice.between(0.2, 0.8) * step
        x = side * (street.edges[side] - dice.between(0.5, 1.1))
        if street.crossing and dice.chance(0.4):
            x, z, across = dice.between(-6, 6), sum(street.crossing) / 2, True
        street.add(z, 2.0, partial(draw_cyclist, x=x, z=z, across=across, dice=dice.fork()))
        _thin_shadow(street, light, x, z, 1.6, 0.4)
