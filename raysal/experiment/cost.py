"""What labelling costs, in every unit."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from typing import TypeVar


@dataclass(frozen=True)
class Cost:
    """An amount of labelling work; None where the unit does not apply or is not counted.

    Attributes:
        images: image equivalents: pixels / pixels of an image.
        pixels: pixels asked for that nobody had labelled, at the working size.
        regions: rectangles asked for, a whole image being one.
        clicks: clicks of an annotator who draws what is there; known where the truth is.
        seconds: time of an annotator.
    """

    images: float
    pixels: int
    regions: int | None = None
    clicks: int | None = None
    seconds: float | None = None

    def __add__(self, other: Cost) -> Cost:
        return Cost(
            self.images + other.images,
            self.pixels + other.pixels,
            _sum(self.regions, other.regions),
            _sum(self.clicks, other.clicks),
            _sum(self.seconds, other.seconds),
        )

    def in_unit(self, unit: str) -> float:
        """The amount in one unit; 0 where it is not counted."""
        return float(self.as_dict()[unit] or 0)

    def as_dict(self) -> dict[str, float | int | None]:
        """For records."""
        return asdict(self)


NOTHING = Cost(0, 0)
UNITS = tuple(field.name for field in fields(Cost))


def total(costs: Iterable[Cost]) -> Cost:
    """Sum; a unit that one of them does not know is unknown, unless none is given."""
    together: Cost | None = None
    for cost in costs:
        together = cost if together is None else together + cost
    return together or NOTHING


Number = TypeVar("Number", int, float)


def _sum(a: Number | None, b: Number | None) -> Number | None:
    return None if a is None or b is None else a + b
