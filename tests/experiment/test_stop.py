"""When an experiment ends, and the reason in its message."""

from __future__ import annotations

from pathlib import Path

from raysal.acquisition.selection.region_parts import RegionResult, write_region_part
from raysal.experiment.config import ExperimentConfig
from raysal.experiment.cost import NOTHING, Cost
from raysal.experiment.layout import RunLayout
from raysal.experiment.record import Record
from raysal.experiment.stop import early_stop, is_over
from raysal.regions.region import Region
from tests.support.tiny_run import tiny

REGIONS = {"model": {"channel_dropout": 0.25}, "rga": {"w": 16, "subset": "all"}}
PAID = Cost(1.0, 3072, 1)


def record(index: int, queried: Cost | None = PAID, bad: tuple[str, ...] = ()) -> Record:
    return Record(
        round=index,
        name="tiny",
        seed=0,
        strategy="DS",
        fingerprint="0",
        labelled=PAID,
        queried=queried,
        class_pixels=(1,),
        miou=None,
        bad_images=bad,
    )


def test_an_experiment_is_over_when_nothing_was_queried() -> None:
    assert not is_over([], 3)
    assert not is_over([record(0)], 3)
    assert is_over([record(0), record(1, NOTHING)], 3)
    assert is_over([record(0), record(1, None)], 3)
    assert is_over([record(0), record(1)], 2)


def reason(config: ExperimentConfig, layout: RunLayout, *records: Record) -> str | None:
    stop = early_stop(records, config, layout, 2)
    return None if stop is None else stop.reason


def test_why_an_experiment_ends_early(tmp_path: Path) -> None:
    layout, images = RunLayout(tmp_path), tiny(tmp_path)
    full = [record(0), record(1), record(2, None)]
    assert reason(images, layout, *full) is None
    assert reason(images, layout, record(0), record(1, None)) == (
        "all 2 images of the pool are labelled"
    )
    assert reason(images, layout, record(0, bad=("a",)), record(1, None)) == (
        "all 2 images of the pool are labelled or set aside"
    )
    assert reason(images, layout, record(0, NOTHING)) == (
        "al.budget = 4 images does not pay for the best image"
    )


def test_why_there_is_no_region_to_query(tmp_path: Path) -> None:
    layout = RunLayout(tmp_path)
    regions = tiny(tmp_path, **REGIONS, al={"budget_unit": "clicks"})
    stage = layout.round(0).regions
    stage.mkdir(parents=True)
    write_region_part(str(stage), "0", [RegionResult("a", [])])
    assert reason(regions, layout, record(0, NOTHING)) == (
        "all passes agree on every image, so there is no region to query"
    )
    region = Region(0, 0, 16, 16, 1.0, 256, False)
    write_region_part(str(stage), "0", [RegionResult("a", [region])])
    assert reason(regions, layout, record(0, NOTHING)) == (
        "al.budget = 4 clicks does not pay for the best region"
    )
