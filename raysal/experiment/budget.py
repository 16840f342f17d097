"""The budget of a query."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from raysal.config.settings import LARGEST
from raysal.regions.region import region_budget

if TYPE_CHECKING:  # Importing them would load pyarrow, which settings are read without.
    import pyarrow as pa

    from raysal.experiment.query import Ask

BudgetUnit = Literal["images", "regions", "pixels", "clicks"]


@dataclass(frozen=True)
class Budget:
    """The amount of labelling work that one query may cost.

    Attributes:
        size: (height, width) of the images in pixels.
        window: (height, width) of a region; `size` if whole images are queried.
    """

    amount: int
    unit: BudgetUnit
    size: tuple[int, int]
    window: tuple[int, int]

    @property
    def pixels(self) -> int | None:
        """The budget in pixels; None if that depends on the picks (regions, clicks).

        Image equivalents are rounded to whole windows (CPRAL, section 3.2).
        """
        area = self.window[0] * self.window[1]
        if self.unit == "images":
            return region_budget(self.amount, self.size, self.window) * area
        return self.amount if self.unit == "pixels" else None

    def at_most(self, smallest: int) -> int:
        """Maximum number of asks, each of at least `smallest` pixels."""
        if self.pixels is not None:
            return self.pixels // smallest
        return self.amount  # Each ask costs at least one region or click.

    def images_needed(self) -> int:
        """Minimum number of images that can use up the budget; 0 if unknown (clicks)."""
        if self.unit == "images":
            return self.amount
        if self.unit == "pixels":
            return math.ceil(self.amount / (self.size[0] * self.size[1]))
        if self.unit == "regions":
            per_image = math.prod(s // w for s, w in zip(self.size, self.window, strict=True))
            return math.ceil(self.amount / per_image)
        return 0

    def fill(self, asks: Iterable[Ask]) -> tuple[list[Ask], bool]:
        """The first asks that the budget pays for, and whether it is used up.

        The first ask that would exceed the budget ends the query, even if cheaper ones follow; it
        is never taken. The budget counts as used up if there was such an ask, or nothing of it is
        left.
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

    def fill_rows(self, tables: Iterable[pa.Table]) -> tuple[pa.Table | None, bool]:
        """As `fill`, for rows of regions (see `raysal.acquisition.selection.ranked`) and any unit
        but clicks; None if it pays for none."""
        import numpy as np
        import pyarrow as pa

        taken: list[pa.Table] = []
        spent = 0
        limit = self.amount if self.pixels is None else self.pixels
        for table in tables:
            costs = np.ones(len(table), np.int64)
            if self.unit != "regions":
                costs = table.column("pixels").to_numpy().astype(np.int64)
            paid = int(np.searchsorted(np.cumsum(costs), min(limit - spent, LARGEST), "right"))
            taken.append(table.slice(0, paid))
            spent += int(costs[:paid].sum())
            if paid < len(table):
                return pa.concat_tables(taken), True
        return (pa.concat_tables(taken) if taken else None), spent == limit

    def _cost(self, ask: Ask) -> int:
        if self.unit == "regions":
            return 1
        if self.unit == "clicks":
            assert ask.cost.clicks is not None, ask
            return ask.cost.clicks
        return ask.cost.pixels
