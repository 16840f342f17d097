"""Cost of labels, in every unit."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from typing import TypeVar


@dataclass(frozen=True)
class Cost:
    """An amount of labelling work; None for a unit that does not apply or is not counted.

    Attributes:
        images: image equivalents: `pixels` divided by the pixels of an image.
        pixels: queried pixels without an annotator's label, at the working size.
        regions: number of rectangles; a whole image counts as one.
        clicks: clicks to draw the outlines; known only where the ground truth is.
        seconds: working time of an annotator.
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
        """The amount in one unit; 0 if the unit is not counted."""
        return float(self.as_dict()[unit] or 0)

    def as_dict(self) -> dict[str, float | int | None]:
        """The amounts by unit."""
        return asdict(self)


NOTHING = Cost(0, 0)
UNITS = tuple(field.name for field in fields(Cost))


def total(costs: Iterable[Cost]) -> Cost:
    """Sum of costs; a unit that is None in any of them is None."""
    together: Cost | None = None
    for cost in costs:
        together = cost if together is None else together + cost
    return together or NOTHING


Number = TypeVar("Number", int, float)


def _sum(a: Number | None, b: Number | None) -> Number | None:
    return None if a is None or b is None else a + b
