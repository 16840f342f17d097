"""The best regions of a panoptic subset."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

from raysal.acquisition.region_parts import read_regions
from raysal.acquisition.select import RegionPick, top_k
from raysal.regions.config import RegionConfig
from raysal.regions.pick import NEW_SHARE
from raysal.rounds.budget import Budget


def best_regions(parts: Path, config: RegionConfig, budget: Budget) -> Iterator[RegionPick]:
    """Regions in the order in which they are to be asked for (CPRAL, section 3.2).

    Disjoint ones first, best first over all images; then, for `on_shortfall: overlap`, those
    that overlap. One more than a budget can pay for at most, whatever the number of images: so it
    is known whether any are left.
    """
    area = budget.window[0] * budget.window[1]
    # At the border a region may be cut to a quarter; an overlapping one is new by half.
    smallest = max(1, math.floor(area / 4)) if config.border == "clip" else area
    if config.reselect_partial:
        smallest = 1
    limit = budget.at_most(smallest) + 1
    quota = math.inf
    if config.topk == "per_image" and config.subset != "all":
        quota = math.ceil(budget.at_most(area) / config.subset)

    def wanted(spare: bool) -> Iterator[RegionPick]:
        for pick in read_regions(str(parts)):
            if pick.region.spare == spare and pick.order < quota:
                yield pick

    yield from top_k(wanted(spare=False), limit)
    if config.on_shortfall == "overlap":
        yield from top_k(wanted(spare=True), math.ceil(limit / NEW_SHARE))
