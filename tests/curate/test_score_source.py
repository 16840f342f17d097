"""Selecting from a round of a run: from its scores, or from the regions picked."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from raysal.acquisition.selection.region_parts import RegionResult, write_region_part
from raysal.acquisition.selection.score_parts import Scored, write_part
from raysal.curate.diversity import Diversity
from raysal.curate.select import select_query
from raysal.errors import RunError
from raysal.experiment.layout import STAMP
from raysal.experiment.query import Ask
from raysal.models.build import build_model
from raysal.models.checkpoint import FILE, save_model
from raysal.progress import Silent
from raysal.regions.region import Region
from raysal.storage.atomic import write_json
from tests.support.tiny_run import tiny, write_config

SIZE, WINDOW = (48, 64), 16


def a_round(root: Path, seed: int = 0, **rga: Any) -> Path:
    """A round with a model, scores, and regions: image n has n disjoint ones and a spare one."""
    config = tiny(
        root,
        name=f"run{seed}",
        rga={"w": WINDOW, **rga},
        model={"channel_dropout": 0.25},
    )
    folder = root / f"run{seed}" / "rounds" / "000"
    for stage in ("model", "scores", "regions"):
        (folder / stage).mkdir(parents=True)
        write_json(folder / stage / STAMP, {"version": 1, "wall_s": 1.0})
    write_config(root / f"run{seed}" / "config.yaml", config)
    model = build_model(config.resolved_model, 11, seed)
    save_model(folder / "model" / FILE, model, config.data.class_names, config.data.palette, SIZE)
    images = {f"v{n % 2}/{n}": n for n in range(4)}
    write_part(str(folder / "scores"), "x", [Scored(i, float(n)) for i, n in images.items()])
    write_region_part(str(folder / "regions"), "x", [
        RegionResult(image_id, [
            *(Region(16 * k, 0, WINDOW, WINDOW, n - k / 10, 256) for k in range(n)),
            Region(8, 8, WINDOW, WINDOW, 9.0, 128, spare=True),
        ])
        for image_id, n in images.items()
    ])  # fmt: skip
    return folder


def select(
    folders: Sequence[Path], amount: int, unit: Any, out: Path, **diversity: Any
) -> list[Ask]:
    return select_query(
        [str(folder) for folder in folders],
        amount,
        unit,
        out,
        Silent(),
        diversity=Diversity(**diversity),
    ).asks


def corners(asks: list[Ask]) -> list[tuple[str, int]]:
    return [(ask.image_id, ask.row) for ask in asks]


BEST = [("v1/3", 0), ("v1/3", 16), ("v1/3", 32), ("v0/2", 0), ("v0/2", 16), ("v1/1", 0)]


def test_regions(tmp_path: Path) -> None:
    """A region costs 1 region, 256 pixels, or a twelfth of an image."""
    regions = a_round(tmp_path) / "regions"
    assert corners(select([regions], 4, "regions", tmp_path / "a")) == BEST[:4]
    assert corners(select([regions], 4 * 256, "pixels", tmp_path / "b")) == BEST[:4]
    asks = select([regions], 1, "images", tmp_path / "c")
    assert corners(asks) == BEST  # Of twelve; the spare ones are not asked for.
    assert (asks[0].height, asks[0].width, asks[0].cost.regions) == (16, 16, 1)


def test_regions_that_overlap_come_last(tmp_path: Path) -> None:
    regions = a_round(tmp_path, on_shortfall="overlap") / "regions"
    spare = [(f"v{n % 2}/{n}", 8) for n in (0, 2, 1, 3)]
    assert corners(select([regions], 9, "regions", tmp_path / "q")) == [*BEST, *spare][:9]


def test_regions_under_constraints(tmp_path: Path) -> None:
    """A quota counts regions; a gap applies between images, not within one."""
    regions = a_round(tmp_path) / "regions"
    asks = select([regions], 9, "regions", tmp_path / "q", group=r"^(v\d)", quota=2)
    assert corners(asks) == [BEST[0], BEST[1], BEST[3], BEST[4]]
    asks = select([regions], 9, "regions", tmp_path / "r", frame=r"/(\d)", min_gap=2)
    assert corners(asks) == [*BEST[:3], BEST[5]]


def test_whole_images_of_a_round(tmp_path: Path) -> None:
    scores = a_round(tmp_path) / "scores"
    asks = select([scores], 2, "images", tmp_path / "q")
    assert [(a.image_id, a.height, a.width) for a in asks] == [("v1/3", 48, 64), ("v0/2", 48, 64)]


def test_rounds_of_different_models_and_kinds(tmp_path: Path) -> None:
    one, two = a_round(tmp_path), a_round(tmp_path, seed=1)
    with pytest.raises(RunError, match="hold scores of different models"):
        select([one / "scores", two / "scores"], 2, "images", tmp_path / "q")
    with pytest.raises(RunError, match="hold scores of different kinds"):
        select([one / "scores", one / "regions"], 2, "images", tmp_path / "q")


def test_other_stages_are_not_scores(tmp_path: Path) -> None:
    folder = a_round(tmp_path)
    (folder / "regions" / STAMP).unlink()
    for stage in ("model", "regions", "labels"):
        with pytest.raises(RunError, match="no scores at"):
            select([folder / stage], 2, "images", tmp_path / "q")


def test_images_that_were_not_rated_have_no_scores(tmp_path: Path) -> None:
    folder = a_round(tmp_path, subset="all")
    with pytest.raises(RunError, match=r"not rated \(rga.subset=all\).*; give .*/regions"):
        select([folder / "scores"], 1, "images", tmp_path / "a")
    assert corners(select([folder / "regions"], 1, "regions", tmp_path / "b")) == BEST[:1]
