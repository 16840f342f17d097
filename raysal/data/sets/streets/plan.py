"""The plan of a street: its kind, measures and colours, and everything that stands on it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from raysal.data.sets.streets.canvas import Canvas
from raysal.data.sets.streets.classes import SIDEWALK, TREE
from raysal.data.sets.streets.dice import Dice
from raysal.data.sets.streets.types import RGB, Ground

Draw = Callable[[Canvas], None]

SIDES = (-1, 1)
"""Left and right of the street; also the sign of x there."""
SHADOWS_END_M = 60
"""Shadows farther away than this cannot be told."""


@dataclass(frozen=True)
class StreetKind:
    """What is typical of one kind of street; pairs are ranges.

    Attributes:
        road: width in metres.
        pavement: width in metres.
        setback: metres from the pavement to the buildings.
        height: of the buildings in metres.
        gap: chance that a gap follows a building.
        trees: chance of a row of trees along the kerb.
        fences: chance of a fence behind the pavement.
        parked: how likely cars are parked at a kerb.
        people: number on the pavements.
        roofs: kinds of roof to pick from.
        junction: chance of a side street.
    """

    road: tuple[float, float]
    pavement: tuple[float, float]
    setback: tuple[float, float]
    height: tuple[float, float]
    gap: float
    trees: float
    fences: float
    parked: float
    people: tuple[int, int]
    roofs: tuple[str, ...]
    junction: float


# Columns: road, pavement, setback, height, gap, trees, fences, parked, people; roofs, junction.
STREET_KINDS: dict[str, StreetKind] = {
    "narrow": StreetKind(
        (4.6, 6.6), (1.5, 2.8), (0.0, 0.6), (7, 12), 0.08, 0.12, 0.12, 0.55, (1, 6),
        ("flat", "pitched", "pitched"), 0.35),
    "avenue": StreetKind(
        (10, 15), (3.0, 5.0), (0.5, 5.0), (10, 25), 0.15, 0.6, 0.25, 0.35, (1, 6),
        ("flat", "flat", "pitched"), 0.5),
    "suburb": StreetKind(
        (5.5, 8.0), (1.8, 3.2), (3.5, 8.0), (5.5, 8.5), 0.75, 0.75, 0.75, 0.35, (0, 3),
        ("pitched", "pitched", "gable"), 0.4),
    "canyon": StreetKind(
        (7, 12), (2.5, 4.5), (0.0, 1.0), (18, 52), 0.06, 0.2, 0.12, 0.45, (2, 8),
        ("flat",), 0.5),
    "junction": StreetKind(
        (7, 12), (2.4, 4.2), (0.0, 3.0), (7, 20), 0.15, 0.35, 0.3, 0.2, (2, 7),
        ("flat", "flat", "pitched"), 1.0),
    "park": StreetKind(
        (6, 10), (2.2, 3.6), (0.5, 3.0), (7, 16), 0.2, 0.7, 0.5, 0.4, (0, 5),
        ("flat", "pitched"), 0.35),
    "works": StreetKind(
        (6.5, 11), (1.6, 3.0), (3.0, 8.0), (5.5, 12), 0.5, 0.25, 0.75, 0.25, (0, 2),
        ("flat",), 0.4),
}  # fmt: skip
LIKELY = (
    *("narrow",) * 4, *("avenue",) * 4, *("suburb",) * 4, *("canyon",) * 3, *("junction",) * 3,
    *("park",) * 2, "works",
)  # fmt: skip
"""Kinds to pick from, each as many times as it is likely."""
SEASONS = ("spring", "summer", "summer", "summer", "dark", "autumn", "winter")
ASPHALT: tuple[RGB, ...] = (
    (96, 96, 98),
    (112, 110, 108),
    (82, 82, 86),
    (128, 126, 122),
    (104, 98, 96),
)
RED_ASPHALT: RGB = (132, 104, 94)
PAVING: tuple[RGB, ...] = (
    (150, 148, 144), (172, 166, 156), (124, 122, 120), (176, 148, 126), (104, 104, 106),
    (164, 124, 108), (142, 146, 152),
)  # fmt: skip
LAWN: RGB = (104, 122, 66)
ROAD_PAINT: tuple[RGB, ...] = ((226, 226, 222), (198, 196, 190), (222, 190, 90))


@dataclass
class Street:
    """A street and everything placed on it so far. Sides are -1 (left) and 1 (right).

    Attributes:
        kind: key of `STREET_KINDS`; `usual` is its entry.
        keep: the side that traffic keeps to.
        edges: metres from the line x = 0 to the kerb, by side.
        pavement: its width in metres, by side.
        setback: metres from the pavement to the buildings, by side.
        crossing: z of the near and far edge of a side street; None without one.
        season: key of `FOLIAGE`.
        yard_class: class of the ground behind the pavement.
        things: z of each object and the function that draws it.
        sun_shadows: outlines on the ground and how dark; as dark as the weather makes them.
        sky_shadows: the same under cars, there in any weather.
    """

    kind: str
    usual: StreetKind
    keep: int
    edges: dict[int, float]
    pavement: dict[int, float]
    setback: dict[int, float]
    crossing: tuple[float, float] | None
    season: str
    asphalt: RGB
    paving: RGB
    paint: RGB
    yard: RGB
    yard_class: int
    things: list[tuple[float, Draw]] = field(default_factory=list)
    sun_shadows: list[tuple[Ground, float]] = field(default_factory=list)
    sky_shadows: list[tuple[Ground, float]] = field(default_factory=list)

    def add(self, z: float, gone_m: float, draw: Draw) -> None:
        """Place an object at depth `z`; not drawn once the camera is within `gone_m` of it."""

        def shown(canvas: Canvas) -> None:
            if canvas.camera.depth(z) > gone_m:
                draw(canvas)

        self.things.append((z, shown))

    def cast(self, ground: Ground, dark: float, sky: bool = False) -> None:
        """Lay a shadow on the ground, unless it is too far away to be seen.

        Args:
            dark: share of the light that it takes.
            sky: a shadow from the sky rather than from the sun.
        """
        if min(z for _, z in ground) < SHADOWS_END_M:
            (self.sky_shadows if sky else self.sun_shadows).append((ground, dark))

    def front(self, side: int) -> float:
        """Metres from the line x = 0 to the buildings of a side."""
        return self.edges[side] + self.pavement[side] + self.setback[side]

    def clear_of_crossing(self, near: float, far: float) -> bool:
        """Whether a stretch along the street, from z `near` to `far`, misses the side street."""
        return self.crossing is None or far < self.crossing[0] or near > self.crossing[1]


def plan_street(dice: Dice) -> Street:
    """Choose the layout and colours of a street; nothing stands on it yet."""
    kind = dice.pick(LIKELY)
    usual = STREET_KINDS[kind]
    keep = dice.pick(SIDES)
    road = dice.between(*usual.road)
    kerb = min(dice.between(1.6, 3.9), road * 0.4)
    near = dice.between(9, 34)
    if kind == "junction":
        near = dice.between(6, 14)
    season = dice.pick(SEASONS)
    lawn = kind in ("suburb", "park") and dice.chance(0.6)
    asphalt = dice.tint(dice.pick(ASPHALT), 14)
    if dice.chance(0.06):
        asphalt = dice.tint(RED_ASPHALT, 14)
    paving = dice.tint(dice.pick(PAVING), 14)
    if dice.chance(0.2):
        paving = dice.tint(asphalt, 10)
    return Street(
        kind=kind,
        usual=usual,
        keep=keep,
        edges={keep: kerb, -keep: road - kerb},
        pavement={side: dice.between(*usual.pavement) for side in SIDES},
        setback={side: dice.between(*usual.setback) for side in SIDES},
        crossing=(near, near + dice.between(6, 11)) if dice.chance(usual.junction) else None,
        season=season,
        asphalt=asphalt,
        paving=paving,
        paint=dice.tint(dice.pick(ROAD_PAINT), 10),
        yard=dice.tint(LAWN if lawn else dice.pick(PAVING), 14),
        yard_class=TREE if lawn else SIDEWALK,
    )
