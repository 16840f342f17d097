"""Asks: their cost, their order, and the file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from raysal.acquisition.selection.top_k import Pick, RegionPick
from raysal.experiment.cost import Cost
from raysal.experiment.query import (
    PRICED_AT_ONCE,
    Ask,
    Rectangle,
    by_image,
    priced,
    read_query,
    rectangle,
    write_query,
)
from raysal.regions.region import Region

SIZE = (48, 64)
PIXELS = 48 * 64


class Prices:
    """Clicks computed from row and column, or unknown; remembers the calls."""

    def __init__(self, known: bool = True) -> None:
        self.known = known
        self.asked: list[tuple[str, list[Rectangle]]] = []

    def __call__(self, image_id: str, rectangles: Sequence[Rectangle]) -> list[int | None]:
        self.asked.append((image_id, list(rectangles)))
        return [100 * row + col if self.known else None for row, col, _, _ in rectangles]


def region(image_id: str, row: int, col: int, score: float, pixels: int = 256) -> RegionPick:
    return RegionPick(image_id, 0, Region(row, col, 16, 16, score, pixels))


MIXED = [
    region("b", 1, 2, 0.9),
    region("a", 3, 4, 0.8, 200),
    region("b", 5, 6, 0.7),
    region("c", 7, 8, 0.6),
    region("a", 0, 0, 0.5),
]


def test_regions_are_priced_image_by_image_and_keep_their_order() -> None:
    prices = Prices()
    asks = list(priced(MIXED, SIZE, prices))
    assert [(a.image_id, a.row, a.col, a.height, a.width, a.score) for a in asks] == [
        (p.image_id, p.region.row, p.region.col, 16, 16, p.score) for p in MIXED
    ]
    assert prices.asked == [
        ("b", [(1, 2, 16, 16), (5, 6, 16, 16)]),
        ("a", [(3, 4, 16, 16), (0, 0, 16, 16)]),
        ("c", [(7, 8, 16, 16)]),
    ]
    for pick, ask in zip(MIXED, asks, strict=True):
        # Pixels that are already labelled cost nothing.
        pixels = pick.region.pixels
        assert ask.cost == Cost(pixels / PIXELS, pixels, 1, 100 * ask.row + ask.col)


def test_whole_images() -> None:
    prices = Prices()
    asks = list(priced([Pick("b", 2.0), Pick("a", 1.0)], SIZE, prices))
    assert asks == [
        Ask(image_id, 0, 0, *SIZE, score, Cost(1.0, PIXELS, 1, 0))
        for image_id, score in (("b", 2.0), ("a", 1.0))
    ]
    assert prices.asked == [("b", [(0, 0, *SIZE)]), ("a", [(0, 0, *SIZE)])]
    assert rectangle(Pick("b", 2.0), SIZE) == (0, 0, *SIZE)


def test_only_batches_that_are_read_are_priced() -> None:
    """In batches; an image with regions in two batches is priced twice."""
    picks = [region("a", n, 1, -n) for n in range(PRICED_AT_ONCE)]
    picks += [region("b", 1, 2, -9999), region("a", 0, 7, -9999)]
    prices = Prices()
    asks = priced(picks, SIZE, prices)
    assert prices.asked == []
    assert next(asks).cost.clicks == 1
    assert [(image_id, len(some)) for image_id, some in prices.asked] == [("a", PRICED_AT_ONCE)]
    assert [ask.cost.clicks for ask in asks][-3:] == [100 * (PRICED_AT_ONCE - 1) + 1, 102, 7]
    assert [image_id for image_id, _ in prices.asked] == ["a", "b", "a"]


def test_clicks_may_be_unknown(tmp_path: Path) -> None:
    asks = list(priced(MIXED, SIZE, Prices(known=False)))
    assert {ask.cost.clicks for ask in asks} == {None}
    write_query(tmp_path, asks)
    assert read_query(tmp_path) == asks


def test_a_query_comes_back_in_its_order(tmp_path: Path) -> None:
    asks = list(priced(MIXED, SIZE, Prices()))
    asks[1] = replace(asks[1], score=None, cost=Cost(0.1 + 0.2, 7, None, None, 1.5))
    write_query(tmp_path, asks)
    assert read_query(tmp_path) == asks
    write_query(tmp_path, [])
    assert read_query(tmp_path) == []


def test_by_image() -> None:
    asks = list(priced(MIXED, SIZE, Prices()))
    assert by_image(asks) == {
        "b": [(1, 2, 16, 16), (5, 6, 16, 16)],
        "a": [(3, 4, 16, 16), (0, 0, 16, 16)],
        "c": [(7, 8, 16, 16)],
    }
