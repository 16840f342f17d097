"""The plan of a street: how wide, how tall, how green, and the colours it is made of."""

from collections.abc import Callable
from dataclasses import dataclass, field

from raysal.data.sets.streets.canvas import RGB, SIDEWALK, TREE, Canvas, Dice
from raysal.data.sets.streets.light import Light

Draw = Callable[[Canvas, Light], None]
Ground = list[tuple[float, float]]  # (x, z) corners

MASONRY: tuple[RGB, ...] = (
    (142, 74, 58), (168, 98, 74), (196, 178, 146), (214, 204, 186), (228, 224, 216),
    (126, 122, 118), (98, 98, 102), (176, 172, 166), (202, 170, 112), (150, 128, 104),
    (188, 146, 132), (152, 164, 168), (112, 124, 136), (86, 78, 74), (190, 196, 172),
    (120, 88, 70), (232, 212, 170), (92, 112, 128), (206, 130, 96), (140, 150, 128),
)  # fmt: skip
FOLIAGE: dict[str, tuple[RGB, ...]] = {
    "spring": ((122, 152, 66), (148, 172, 84), (104, 136, 58)),
    "summer": ((62, 94, 44), (78, 108, 52), (50, 78, 44), (92, 112, 58)),
    "autumn": ((176, 112, 40), (150, 86, 40), (188, 146, 58), (128, 110, 52)),
    "dark": ((38, 58, 36), (46, 62, 44), (54, 70, 42)),
    "winter": ((108, 92, 78), (92, 82, 72)),
}


@dataclass(frozen=True)
class Manner:
    """What is typical of a kind of street. Pairs are ranges, in metres where not shares."""

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


MANNERS: dict[str, Manner] = {
    "narrow": Manner((4.6, 6.6), (1.5, 2.8), (0.0, 0.6), (7, 12), 0.08, 0.12, 0.12, 0.55, (1, 6),
                     ("flat", "pitched", "pitched"), 0.35),
    "avenue": Manner((10, 15), (3.0, 5.0), (0.5, 5.0), (10, 25), 0.15, 0.6, 0.25, 0.35, (1, 6),
                     ("flat", "flat", "pitched"), 0.5),
    "suburb": Manner((5.5, 8.0), (1.8, 3.2), (3.5, 8.0), (5.5, 8.5), 0.75, 0.75, 0.75, 0.35, (0, 3),
                     ("pitched", "pitched", "gable"), 0.4),
    "canyon": Manner((7, 12), (2.5, 4.5), (0.0, 1.0), (18, 52), 0.06, 0.2, 0.12, 0.45, (2, 8),
                     ("flat",), 0.5),
    "junction": Manner((7, 12), (2.4, 4.2), (0.0, 3.0), (7, 20), 0.15, 0.35, 0.3, 0.2, (2, 7),
                       ("flat", "flat", "pitched"), 1.0),
    "park": Manner((6, 10), (2.2, 3.6), (0.5, 3.0), (7, 16), 0.2, 0.7, 0.5, 0.4, (0, 5),
                   ("flat", "pitched"), 0.35),
    "works": Manner((6.5, 11), (1.6, 3.0), (3.0, 8.0), (5.5, 12), 0.5, 0.25, 0.75, 0.25, (0, 2),
                    ("flat",), 0.4),
}  # fmt: skip
USUAL = (
    *("narrow",) * 4, *("avenue",) * 4, *("suburb",) * 4, *("canyon",) * 3, *("junction",) * 3,
    *("park",) * 2, "works",
)  # fmt: skip
GREYS: tuple[RGB, ...] = (
    (96, 96, 98), (112, 110, 108), (82, 82, 86), (128, 126, 122), (104, 98, 96),
)  # fmt: skip
PAVING: tuple[RGB, ...] = (
    (150, 148, 144), (172, 166, 156), (124, 122, 120), (176, 148, 126), (104, 104, 106),
    (164, 124, 108), (142, 146, 152),
)  # fmt: skip
SIDES = (-1, 1)


@dataclass
class Street:
    """One street's plan, and everything placed on it so far.

    The sun's shadows are as dark as the weather makes them, the sky's under cars always there.
    """

    manner: Manner
    kind: str
    keep: int  # the side that traffic keeps to
    edges: dict[int, float]  # distance of the kerbs from the camera's line, by side
    pavement: dict[int, float]
    setback: dict[int, float]
    crossing: tuple[float, float] | None  # near and far edge of a side street
    season: str
    asphalt: RGB
    paving: RGB
    paint: RGB
    yard: RGB
    yard_class: int
    things: list[tuple[float, Draw]] = field(default_factory=list)
    sun_shadows: list[tuple[Ground, float]] = field(default_factory=list)
    sky_shadows: list[tuple[Ground, float]] = field(default_factory=list)

    def add(self, z: float, gone: float, draw: Draw) -> None:
        """Place a thing at a depth; it is left out once the eye is closer to it than gone."""

        def shown(canvas: Canvas, light: Light) -> None:
            if canvas.camera.depth(z) > gone:
                draw(canvas, light)

        self.things.append((z, shown))

    def cast(self, ground: Ground, dark: float, sky: bool = False) -> None:
        """A shadow on the ground, unless it is too far to tell."""
        if min(z for _, z in ground) < 60:
            (self.sky_shadows if sky else self.sun_shadows).append((ground, dark))

    def front(self, side: int) -> float:
        """Distance of the building line."""
        return self.edges[side] + self.pavement[side] + self.setback[side]

    def open(self, near: float, far: float) -> bool:
        """Whether a stretch along the street keeps clear of the side street."""
        return self.crossing is None or far < self.crossing[0] or near > self.crossing[1]


def plan_street(dice: Dice) -> Street:
    """Choose a street's layout and colours."""
    kind = dice.pick(USUAL)
    manner = MANNERS[kind]
    keep = dice.pick(SIDES)
    road = dice.between(*manner.road)
    kerb = min(dice.between(1.6, 3.9), road * 0.4)
    near = dice.between(9, 34)
    if kind == "junction":
        near = dice.between(6, 14)
    season = dice.pick(("spring", "summer", "summer", "summer", "dark", "autumn", "winter"))
    lawn = kind in ("suburb", "park") and dice.chance(0.6)
    asphalt = dice.tint(dice.pick(GREYS), 14)
    if dice.chance(0.06):  # a road of setts or red asphalt
        asphalt = dice.tint((132, 104, 94), 14)
    paving = dice.tint(dice.pick(PAVING), 14)
    if dice.chance(0.2):
        paving = dice.tint(asphalt, 10)
    return Street(
        manner=manner,
        kind=kind,
        keep=keep,
        edges={keep: kerb, -keep: road - kerb},
        pavement={side: dice.between(*manner.pavement) for side in SIDES},
        setback={side: dice.between(*manner.setback) for side in SIDES},
        crossing=(near, near + dice.between(6, 11)) if dice.chance(manner.junction) else None,
        season=season,
        asphalt=asphalt,
        paving=paving,
        paint=dice.tint(dice.pick(((226, 226, 222), (198, 196, 190), (222, 190, 90))), 10),
        yard=dice.tint((104, 122, 66) if lawn else dice.pick(PAVING), 14),
        yard_class=TREE if lawn else SIDEWALK,
    )
