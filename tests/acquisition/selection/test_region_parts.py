"""Region parts on disk."""

from __future__ import annotations

from pathlib import Path

from raysal.acquisition.selection.region_parts import (
    RegionResult,
    read_regions,
    region_errors,
    write_region_part,
)
from raysal.acquisition.selection.top_k import RegionPick
from raysal.data.pool.parts import drop_failed_parts, finished_parts, part_name
from raysal.regions.region import Region

BEST = Region(0, 128, 64, 64, 0.1 + 0.2, 4096)
SPARE = Region(3, 100, 64, 64, 1e-6, 2048, spare=True)
A = [
    RegionResult("a/1", [BEST, SPARE]),
    RegionResult("ä", [], "truncated"),
    RegionResult("agreed", []),
]
B = [RegionResult("d", [SPARE]), RegionResult("c", [], "no image")]


def test_regions_come_back_with_their_order(tmp_path: Path) -> None:
    out = str(tmp_path)
    write_region_part(out, "00001-00000", B)
    write_region_part(out, "00000-00000", A)
    assert list(read_regions(out)) == [
        RegionPick("a/1", 0, BEST),
        RegionPick("a/1", 1, SPARE),
        RegionPick("d", 0, SPARE),
    ]
    assert region_errors(out) == [("c", "no image"), ("ä", "truncated")]


def test_an_image_without_regions_counts_as_done(tmp_path: Path) -> None:
    write_region_part(str(tmp_path), "x", [RegionResult("agreed", [])])
    write_region_part(str(tmp_path), "y", [])
    assert finished_parts(str(tmp_path)) == {part_name("x"), part_name("y")}
    assert list(read_regions(str(tmp_path))) == []
    assert region_errors(str(tmp_path)) == []


def test_images_that_failed_are_tried_again(tmp_path: Path) -> None:
    out = str(tmp_path)
    write_region_part(out, "x", A)
    write_region_part(out, "y", [RegionResult("d", [SPARE])])
    drop_failed_parts(out)
    assert finished_parts(out) == {part_name("y")}
    assert region_errors(out) == []
