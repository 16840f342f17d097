"""Who is on a street: parked and moving vehicles, people on foot, and cyclists."""

from __future__ import annotations

import math
from functools import partial

from raysal.data.sets.streets.cars import BODIES, LIKELY, LIKELY_CARS, draw_car
from raysal.data.sets.streets.dice import Dice
from raysal.data.sets.streets.light import Light
from raysal.data.sets.streets.people import draw_cyclist, draw_person
from raysal.data.sets.streets.plan import SIDES, Street
from raysal.data.sets.streets.shadows import car_shadow, post_shadow

PARKED_END_M = 70
CYCLISTS = (0, 0, 1, 1, 2, 2)


def place_parked(street: Street, light: Light, side: int, dice: Dice) -> None:
    """Park cars along the kerb of one side, if the road has room for them."""
    if street.edges[side] < 3.1 or not dice.chance(street.usual.parked * 1.7):
        return
    x, z = side * (street.edges[side] - 1.05), dice.between(5, 14)
    while z < PARKED_END_M:
        kind = dice.pick(LIKELY_CARS)
        length = BODIES[kind].length
        turn = (0.0 if side == street.keep else math.pi) + dice.between(-0.04, 0.04)
        if dice.chance(0.15):
            turn += math.pi
        if dice.chance(0.7) and street.clear_of_crossing(z - 4, z + length + 4):
            _car(street, light, x + dice.between(-0.15, 0.15), z + length / 2, turn, kind, dice)
        z += length + dice.between(0.6, 2.5)


def place_traffic(street: Street, light: Light, dice: Dice, frame: int) -> None:
    """Place everybody who moves, as far on as they are in frame number `frame` of a clip."""
    _moving(street, light, dice.fork(), frame)
    _walkers(street, light, dice.fork(), frame)
    _cyclists(street, light, dice.fork(), frame)


def _moving(street: Street, light: Light, dice: Dice, frame: int) -> None:
    """Cars ahead, cars oncoming, and one on the side street."""
    if dice.chance(0.7):
        speed, braking = dice.between(-0.4, 1.2), dice.chance(0.4)
        z, x = dice.between(8, 34) + speed * frame, dice.between(-0.4, 0.4)
        _car(street, light, x, z, 0.0, dice.pick(LIKELY), dice, braking)
    for _ in range(dice.whole(0, 3)):
        z = dice.between(9, 60) - dice.between(1.0, 2.0) * frame
        x = -street.keep * (street.edges[-street.keep] - dice.pick((1.4, 3.2)))
        kind = dice.pick(LIKELY)
        if abs(x) > 1.9:
            _car(street, light, x, z, math.pi, kind, dice)
    if street.crossing and dice.chance(0.6):
        near, far = street.crossing
        z, way = near + (far - near) * dice.pick((0.28, 0.72)), dice.pick(SIDES)
        x = dice.between(-14, 14) + way * frame
        _car(street, light, x, z, way * math.pi / 2, dice.pick(LIKELY), dice)


def _car(
    street: Street,
    light: Light,
    x: float,
    z: float,
    turn: float,
    kind: str,
    dice: Dice,
    braking: bool = False,
) -> None:
    """A vehicle with its middle at (x, z), and its shadows."""
    body = BODIES[kind]
    sideways = abs(math.sin(turn)) > 0.7
    half = (body.width if sideways else body.length) / 2
    car = partial(draw_car, x=x, z=z, turn=turn, kind=kind, braking=braking, dice=dice.fork())
    street.add(z - half / 2, 2.2 + half / 2, car)
    car_shadow(street, light, x, z, body, sideways)


def _walkers(street: Street, light: Light, dice: Dice, frame: int) -> None:
    """People on the pavements, at crossings, and a few on the road."""
    for _ in range(dice.whole(*street.usual.people)):
        side = dice.pick(SIDES)
        edge, paved = street.edges[side], street.pavement[side]
        z = dice.between(9, 34) + dice.between(-0.3, 0.3) * frame
        x = side * (edge + dice.between(0.4, max(paved - 0.3, 0.6)))
        if dice.chance(0.1):
            x = dice.between(-street.edges[-1], street.edges[1])
        if street.crossing and dice.chance(0.3):
            z = street.crossing[0] - dice.between(0.5, 3)
            x = dice.between(-street.edges[-1], street.edges[1])
        for companion in range(2 if dice.chance(0.25) else 1):
            at = x + 0.6 * companion
            street.add(z, 2.0, partial(draw_person, x=at, z=z, dice=dice.fork()))
            post_shadow(street, light, at, z, 1.7, 0.45)


def _cyclists(street: Street, light: Light, dice: Dice, frame: int) -> None:
    """Cyclists near the kerbs, or crossing on the side street."""
    for _ in range(dice.pick(CYCLISTS)):
        side, across = dice.pick(SIDES), dice.chance(0.15)
        z = dice.between(6, 19) + dice.between(0.2, 0.8) * frame
        x = side * (street.edges[side] - dice.between(0.5, 1.1))
        if street.crossing and dice.chance(0.4):
            x, z, across = dice.between(-6, 6), sum(street.crossing) / 2, True
        street.add(z, 2.0, partial(draw_cyclist, x=x, z=z, across=across, dice=dice.fork()))
        post_shadow(street, light, x, z, 1.6, 0.4)
