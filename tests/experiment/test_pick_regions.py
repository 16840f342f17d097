"""Regions of a whole subset: their order, quotas per image, and the budget."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from raysal.acquisition.selection.region_parts import RegionResult, read_regions, write_region_part
from raysal.acquisition.selection.top_k import RegionPick
from raysal.experiment.budget import Budget, BudgetUnit
from raysal.experiment.pick_regions import best_regions
from raysal.experiment.query import priced
from raysal.regions.config import RegionConfig
from raysal.regions.pick import RegionPicker
from raysal.regions.region import Region

SIZE = (12, 20)
IMAGES = 4


def config(**settings: Any) -> RegionConfig:
    return RegionConfig.model_validate({"subset": IMAGES, "w": 5, **settings})


def parts(folder: Path, rga: RegionConfig) -> Path:
    """Regions of four images: one is partly labelled, in one the votes differ everywhere."""
    rng = np.random.default_rng(0)
    picker = RegionPicker(rga, SIZE)
    for number in range(IMAGES):
        map_HW = rng.exponential(1.0, SIZE) * (rng.random(SIZE) < (1 if number == 3 else 0.1))
        known_HW = None
        if number == 1 and rga.reselect_partial:
            known_HW = rng.random(SIZE) < 0.5
        regions = picker(torch.from_numpy(map_HW), known_HW)
        write_region_part(str(folder), f"{number:05d}", [RegionResult(f"image-{number}", regions)])
    return folder


def in_order(folder: Path) -> list[RegionPick]:
    """All regions: disjoint ones first, then by score; ties by position."""
    return sorted(
        read_regions(str(folder)), key=lambda p: (p.region.spare, -round(p.score * 1e6), p.key)
    )


def price(image_id: str, rectangles: Any) -> list[int | None]:
    return [1 + (3 * row + col) % 7 for row, col, _, _ in rectangles]


@pytest.mark.parametrize("unit", ["images", "regions", "pixels", "clicks"])
@pytest.mark.parametrize("border", ["valid", "clip"])
@pytest.mark.parametrize("on_shortfall", ["stop", "overlap"])
@pytest.mark.parametrize("reselect_partial", [False, True])
def test_a_budget_takes_the_same_as_from_all_regions(
    unit: BudgetUnit, border: str, on_shortfall: str, reselect_partial: bool, tmp_path: Path
) -> None:
    """`best_regions` reads few regions, but the query and `filled` are those of all regions."""
    rga = config(border=border, on_shortfall=on_shortfall, reselect_partial=reselect_partial)
    everything = in_order(parts(tmp_path, rga))
    assert {pick.region.spare for pick in everything} == {False, on_shortfall == "overlap"}
    amounts = {
        "images": range(1, 6),
        "regions": range(1, 60, 3),
        "pixels": range(10, 900, 37),
        "clicks": range(1, 200, 9),
    }[unit]
    for amount in amounts:
        budget = Budget(amount, unit, SIZE, rga.window(SIZE))
        expected = budget.fill(priced(everything, SIZE, price))
        got = budget.fill(priced(best_regions(tmp_path, rga, budget), SIZE, price))
        assert got == expected, amount


def test_one_more_than_a_budget_can_pay_for(tmp_path: Path) -> None:
    rga = config()
    everything = in_order(parts(tmp_path, rga))
    budget = Budget(5, "regions", SIZE, rga.window(SIZE))
    assert list(best_regions(tmp_path, rga, budget)) == everything[:6]


def test_an_equal_share_of_each_image(tmp_path: Path) -> None:
    """Two of each image, although one image has the best three."""
    rga = config(topk="per_image", on_shortfall="overlap")
    everything = in_order(parts(tmp_path, rga))
    budget = Budget(2 * IMAGES, "regions", SIZE, rga.window(SIZE))
    best = list(best_regions(tmp_path, rga, budget))
    assert best == [pick for pick in everything if pick.order < 2]
    assert {pick.image_id for pick in everything[:3]} == {"image-3"}
    shared = [pick.image_id for pick in best]
    assert all(shared.count(image_id) <= 2 for image_id in shared)
    # With `subset: all` there is no quota per image.
    whole = config(topk="per_image", subset="all", on_shortfall="overlap")
    assert next(iter(best_regions(tmp_path, whole, budget))) == everything[0]
    assert sum(p.image_id == "image-3" for p in best_regions(tmp_path, whole, budget)) > 2


def test_only_a_shortfall_is_filled_with_overlaps(tmp_path: Path) -> None:
    disjoint = [Region(0, col, 12, 5, 1.0, 60) for col in (0, 5)]
    spare = Region(0, 8, 12, 5, 9.0, 36, spare=True)
    write_region_part(str(tmp_path), "x", [RegionResult("a", [*disjoint, spare])])
    rga = config(w=12, on_shortfall="overlap")
    for amount, taken in ((1, disjoint[:1]), (2, disjoint), (3, [*disjoint, spare])):
        budget = Budget(amount, "regions", SIZE, (12, 5))
        asks, filled = budget.fill(priced(best_regions(tmp_path, rga, budget), SIZE, price))
        assert filled
        assert [(a.col, a.cost.pixels) for a in asks] == [(r.col, r.pixels) for r in taken]
    stop = config(w=12)
    budget = Budget(3, "regions", SIZE, (12, 5))
    asks, filled = budget.fill(priced(best_regions(tmp_path, stop, budget), SIZE, price))
    assert (len(asks), filled) == (2, False)


def test_nothing_was_picked(tmp_path: Path) -> None:
    write_region_part(str(tmp_path), "x", [RegionResult("agreed", [])])
    budget = Budget(3, "regions", SIZE, (5, 5))
    assert list(best_regions(tmp_path, config(on_shortfall="overlap"), budget)) == []
