"""How much may be asked for, and what fills it."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from raysal.experiment.query import Ask
from raysal.regions.region import region_budget

BudgetUnit = Literal["images", "regions", "pixels", "clicks"]


@dataclass(frozen=True)
class Budget:
    """An amount of labelling work per query.

    Attributes:
        size: (height, width) of the images in pixels; `window` of what is asked for: a region,
            or the same as `size` for whole images.
    """

    amount: int
    unit: BudgetUnit
    size: tuple[int, int]
    window: tuple[int, int]

    @property
    def pixels(self) -> int | None:
        """What it is in pixels; None where that depends on what is chosen (regions, clicks).

        Image equivalents are rounded to whole windows (CPRAL, section 3.2).
        """
        area = self.window[0] * self.window[1]
        if self.unit == "images":
            return region_budget(self.amount, self.size, self.window) * area
        return self.amount if self.unit == "pixels" else None

    def at_most(self, smallest: int) -> int:
        """How many asks can fit, none of them smaller than `smallest` pixels."""
        if self.pixels is not None:
            return self.pixels // smallest
        return self.amount  # A region counts one, and nothing takes less than a click.

    def images_needed(self) -> int:
        """How many images it can fill at least; 0 where that cannot be told."""
        if self.unit == "images":
            return self.amount
        if self.unit == "pixels":
            return math.ceil(self.amount / (self.size[0] * self.size[1]))
        if self.unit == "regions":
            per_image = math.prod(s // w for s, w in zip(self.size, self.window, strict=True))
            return math.ceil(self.amount / per_image)
        return 0

    def fill(self, asks: Iterable[Ask]) -> tuple[list[Ask], bool]:
        """The first asks that it pays for, and whether one was left that it did not.

        In clicks, the ask that would exceed it is not taken, and nothing after it.
        """
        taken: list[Ask] = []
        spent = 0
        limit = self.amount if self.pixels is None else self.pixels
        for ask in asks:
            cost = self._cost(ask)
            if spent + cost > limit:
                return taken, True
            spent += cost
            taken.append(ask)
        return taken, spent == limit

    def _cost(self, ask: Ask) -> int:
        if self.unit == "regions":
            return 1
        if self.unit == "clicks":
            assert ask.cost.clicks is not None, ask
            return ask.cost.clicks
        return ask.cost.pixels
