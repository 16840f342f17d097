"""Pick regions in the panoptic subset, and choose the best of them (CPRAL, section 3.2)."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

from raysal.acquisition.selection.region_parts import read_regions, region_errors
from raysal.acquisition.selection.score_parts import picks, read_parts
from raysal.acquisition.selection.top_k import Pick, RegionPick, top_k
from raysal.engine.jobs import RegionJob
from raysal.experiment.budget import Budget
from raysal.experiment.context import Round, check_parts, pool_job
from raysal.experiment.pick_images import best_images, still_there
from raysal.regions.config import RegionConfig
from raysal.regions.pick import NEW_SHARE


def pick_regions(r: Round, model: Path, scores: Path, draft: Path) -> None:
    """Pick regions in the panoptic subset; parts of an interrupted attempt are kept."""
    rga = r.config.rga
    assert rga is not None
    if rga.subset == "all":
        best: Iterable[Pick] = still_there(r, picks(read_parts(str(scores))))
    else:
        best = best_images(r, scores, rga.subset)
    subset = frozenset(pick.image_id for pick in best)
    job = RegionJob(
        **pool_job(r, model if rga.map == "votes" else None, draft, subset),
        regions=rga,
        images=subset,
        label_folders=r.layout.label_folders(r.index) if rga.reselect_partial else (),
    )
    r.watch.start(f"round {r.index}: pick regions", len(subset))
    r.engine.over_pool(job, lambda report: r.watch.advance(report.images))
    r.watch.finish()
    bad = [image_id for image_id, _ in region_errors(str(draft))]
    check_parts(r, draft, bad, len(subset), "images of the panoptic subset")


def best_regions(
    parts: Path, config: RegionConfig, budget: Budget, excluded: Collection[str] = ()
) -> Iterator[RegionPick]:
    """Regions in the order in which to query them (CPRAL, section 3.2).

    First the disjoint ones of all images, best first; then, with `on_shortfall: overlap`, the
    overlapping ones. The number is limited by the budget, not by the number of images: one more
    than the budget can pay for, which shows whether any are left.

    Args:
        excluded: images that must not be queried; some may have gone since regions were picked.
    """
    area = budget.window[0] * budget.window[1]
    # The border may clip a region to a quarter of its size; overlapping ones are at least half new.
    smallest = max(1, math.floor(area / 4)) if config.border == "clip" else area
    if config.reselect_partial:
        smallest = 1
    limit = budget.at_most(smallest) + 1
    quota = math.inf
    if config.topk == "per_image" and config.subset != "all":
        quota = math.ceil(budget.at_most(area) / config.subset)

    def wanted(spare: bool) -> Iterator[RegionPick]:
        for pick in read_regions(str(parts)):
            of_kind = pick.region.spare == spare and pick.order < quota
            if of_kind and pick.image_id not in excluded:
                yield pick

    yield from top_k(wanted(spare=False), limit)
    if config.on_shortfall == "overlap":
        yield from top_k(wanted(spare=True), math.ceil(limit / NEW_SHARE))
