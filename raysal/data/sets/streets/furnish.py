"""Furnishing a street: buildings, fences, trees and street furniture, each in its place."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from raysal.data.sets.streets.buildings import Building, draw_building
from raysal.data.sets.streets.classes import FENCE, TREE
from raysal.data.sets.streets.colours import FOLIAGE, MASONRY
from raysal.data.sets.streets.dice import Dice
from raysal.data.sets.streets.fences import Fence, draw_fence
from raysal.data.sets.streets.furniture import (
    draw_lamp,
    draw_oddment,
    draw_post,
    draw_sign,
    draw_signal,
)
from raysal.data.sets.streets.light import Light
from raysal.data.sets.streets.plan import SIDES, Draw, Street
from raysal.data.sets.streets.plants import draw_hedge, draw_tree
from raysal.data.sets.streets.shadows import building_shadow, post_shadow, tree_shadow
from raysal.data.sets.streets.traffic import place_parked, place_traffic
from raysal.data.sets.streets.types import RGB

BUILDINGS_END_M = 100
TREES_END_M = 80
LAMPS_END_M = 80
FENCE_KINDS = ("wall", "wall", "boards", "railing", "railing", "mesh", "hedge", "shrubs")
FENCE_HEIGHTS_M = {"wall": (0.7, 1.7), "boards": (1.2, 2.0)}
"""Ranges; other kinds have `OTHER_HEIGHT_M`."""
OTHER_HEIGHT_M = (0.9, 1.6)
TIMBER: tuple[RGB, ...] = ((128, 98, 70), (96, 82, 68), (150, 136, 116))
IRON: tuple[RGB, ...] = ((34, 38, 36), (60, 84, 66), (140, 144, 146))


def furnish(street: Street, light: Light, dice: Dice, frame: int) -> None:
    """Place everything that stands or moves on a street.

    Args:
        frame: number of the frame within its clip; moving things have come that far.
    """
    for side in SIDES:
        wooded = street.kind == "park" and side == -street.keep
        _buildings(street, light, side, wooded, dice.fork())
        _fences(street, side, wooded, dice.fork())
        _trees(street, light, side, dice.fork())
        _furniture(street, light, side, dice.fork())
        place_parked(street, light, side, dice.fork())
    place_traffic(street, light, dice, frame)


def _buildings(street: Street, light: Light, side: int, wooded: bool, dice: Dice) -> None:
    """Buildings along one side, or a wood."""
    z, front = dice.between(-3, 3), street.front(side)
    usual = dice.between(*street.usual.height)
    bare = True
    while z < BUILDINGS_END_M:
        length = dice.between(6, 12) if usual < 10 else dice.between(8, 18)
        height = min(max(usual * dice.between(0.7, 1.35), 4.2), 60)
        gap = dice.between(1.5, 7) if dice.chance(street.usual.gap) else 0.0
        roof, own = dice.pick(street.usual.roofs), dice.fork()
        at = front + dice.between(0, 0.8)
        if street.clear_of_crossing(z - 1, z + length + 1) and not wooded:
            item = Building(side, at, z, z + length, height, roof, bare, own)
            street.add(item.far, 1.2, partial(draw_building, item=item))
            building_shadow(street, light, item)
            bare = gap > 0
        else:
            bare = True
            if wooded or dice.chance(0.3):
                for _ in range(2):
                    x = side * (front + dice.between(0, 9))
                    _plant(street, light, x, z + dice.between(0, length), own.between(6, 13), dice)
        z += length + gap


def _fences(street: Street, side: int, wooded: bool, dice: Dice) -> None:
    """A fence, wall or hedge behind the pavement, and a guard rail at the kerb."""
    edge = street.edges[side]
    if dice.chance(street.usual.fences) and (street.setback[side] > 0.4 or wooded):
        kind = dice.pick(FENCE_KINDS)
        tones = TIMBER if kind == "boards" else IRON if kind in ("railing", "mesh") else MASONRY
        x = side * (edge + street.pavement[side] + 0.1)
        near, far = dice.between(2, 8), dice.between(25, 70)
        height = dice.between(*FENCE_HEIGHTS_M.get(kind, OTHER_HEIGHT_M))
        colour = dice.tint(dice.pick(tones), 14)
        _in_pieces(street, Fence(x, near, far, height, kind, colour, side, dice), dice)
    if dice.chance(0.13):
        near, length = dice.between(4, 14), dice.between(6, 24)
        kind, colour = dice.pick(("railing", "barrier")), dice.tint((140, 142, 144), 30)
        rail = Fence(side * (edge + 0.3), near, near + length, 1.0, kind, colour, side, dice)
        _in_pieces(street, rail, dice)


def _in_pieces(street: Street, whole: Fence, dice: Dice) -> None:
    """Place a fence in pieces, so that nearer objects cover each; some gates stand open."""
    season = "summer" if street.season == "winter" else street.season
    leaves = tuple(dice.tint(shade, 10) for shade in FOLIAGE[season])
    z = whole.near
    while z < whole.far:
        end = z + dice.between(3, 7)
        own = dice.fork()
        if street.clear_of_crossing(z, end) and not dice.chance(0.1):
            piece = replace(whole, near=z, far=end, dice=own)
            draw: Draw = partial(draw_fence, item=piece)
            if whole.kind in ("hedge", "shrubs"):
                draw = partial(
                    draw_hedge,
                    x=whole.x,
                    near=z,
                    far=end,
                    height=whole.height,
                    cls=FENCE if whole.kind == "hedge" else TREE,
                    shades=leaves,
                    dice=own,
                )
            street.add(end, 1.2, draw)
        z = end + (dice.between(1, 3) if dice.chance(0.2) else 0.0)


def _trees(street: Street, light: Light, side: int, dice: Dice) -> None:
    """A row of trees along the kerb, and single ones in front gardens."""
    share, setback = street.usual.trees, street.setback[side]
    in_row, height = dice.chance(share), dice.between(5, 10)
    z, spacing = dice.between(4, 14), dice.between(7, 15)
    while z < TREES_END_M:
        at = z + dice.between(-1.5, 1.5)
        if in_row and dice.chance(0.85) and street.clear_of_crossing(at - 1, at + 1):
            x = side * (street.edges[side] + 0.8)
            _plant(street, light, x, at, height * dice.between(0.8, 1.2), dice)
        at += spacing / 2
        if setback > 2 and dice.chance(share * 0.5) and street.clear_of_crossing(at, at):
            x = side * (street.front(side) - setback + dice.between(0.6, setback))
            _plant(street, light, x, at, dice.between(2, 7), dice)
        z += spacing


def _plant(street: Street, light: Light, x: float, z: float, height: float, dice: Dice) -> None:
    """A tree and its shadow."""
    tree = partial(draw_tree, x=x, z=z, height=height, season=street.season, dice=dice.fork())
    street.add(z, 2.5, tree)
    tree_shadow(street, light, x, z, height)


def _furniture(street: Street, light: Light, side: int, dice: Dice) -> None:
    """Lamps, posts, signs, traffic lights and oddments near the kerb."""
    x = side * (street.edges[side] + 0.45)
    if dice.chance(0.7):
        _lamps(street, light, x, dice)
    for _ in range(dice.whole(1, 5)):
        z, off, own = dice.between(5, 32), dice.between(-0.1, 1.2), dice.fork()
        at, choice = x + side * min(off, street.pavement[side] - 0.5), dice.unit()
        if street.clear_of_crossing(z - 0.5, z + 0.5):
            draw = draw_sign if choice < 0.65 else draw_post if choice < 0.85 else draw_oddment
            street.add(z, 2.0, partial(draw, x=at, z=z, dice=own))
            post_shadow(street, light, at, z, 2.0, 0.2)
    if street.crossing and dice.chance(0.65):
        near, far = street.crossing
        z = near - 0.8 if side == street.keep or dice.chance(0.5) else far + 1.0
        street.add(z, 2.0, partial(draw_signal, x=x, z=z, dice=dice.fork()))


def _lamps(street: Street, light: Light, x: float, dice: Dice) -> None:
    """Street lamps at even distances."""
    z, spacing, height = dice.between(5, 22), dice.between(20, 36), dice.between(4.5, 9)
    while z < LAMPS_END_M:
        own = dice.fork()
        if street.clear_of_crossing(z - 0.5, z + 0.5):
            street.add(z, 2.0, partial(draw_lamp, x=x, z=z, height=height, dice=own))
            post_shadow(street, light, x, z, height, 0.2)
        z += spacing
