"""Regions and extended labels do not depend on engine, number of workers, batch or shards."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from raysal.acquisition.selection.region_parts import read_regions
from raysal.acquisition.selection.top_k import RegionPick, top_k
from raysal.data.labels import ANNOTATOR, NONE, REFUSED, LabelledImage, read_merged, write_labels
from raysal.engine.build import build_engine
from raysal.engine.config import EngineConfig
from raysal.engine.jobs import CalibrateJob, ExtendJob, RegionJob
from raysal.engine.workers.calibrate import read_tallies
from raysal.engine.workers.extend import refused_pixels
from raysal.regions.calibrate import choose
from raysal.regions.config import RegionConfig
from raysal.regions.extend_config import ExtendConfig, Thresholds
from tests.support.material import SIZE, Material

SUBSET = frozenset(f"train-{index:06d}" for index in range(4, 40, 3))
REGIONS = RegionConfig(subset=len(SUBSET), w=16, passes=4, on_shortfall="overlap")
EXTENSION = {"thresholds": Thresholds(50.0, 0.6, 0.8), "radius": 16, "classes": 11}
RAY = [("one shard", 1, 1), ("many shards", 2, 8)]


def over_pool(job: RegionJob | ExtendJob | CalibrateJob, **engine: object) -> None:
    """Run a job, and check that every image is reported once."""
    Path(job.out).mkdir(parents=True)
    seen = []
    running = build_engine(EngineConfig.model_validate(engine))
    running.over_pool(job, lambda report: seen.append(report.images))
    running.close()
    assert sum(seen) == len(job.images)


def about(material: Material, pool: str, model: Path | None, out: Path) -> dict[str, object]:
    """The arguments that all jobs share."""
    where = material.pools[pool]
    return {
        "pool": where, "model": model, "out": str(out), "size": SIZE, "precision": "auto",
        "seed": 5, "round_index": 1, "units": where.units_of(SUBSET), "images": SUBSET,
    }  # fmt: skip


def picked(material: Material, pool: str, out: Path, **engine: object) -> list[RegionPick]:
    """All regions, in the order in which a query asks for them."""
    told = about(material, pool, material.model, out)
    over_pool(RegionJob(**told, regions=REGIONS, label_folders=()), **engine)  # type: ignore[arg-type]
    return top_k(read_regions(str(out)), 10_000)


def labels_of(material: Material, folder: Path, refused: int = 0) -> Path:
    """Label stores in which the left half of each image of the subset is labelled.

    Args:
        refused: number of columns next to it in which extended labels are refused.
    """
    items = {item.image_id: item for item in material.dataset.items("train")}
    source = np.full(SIZE, NONE, np.uint8)
    source[:, : SIZE[1] // 2] = ANNOTATOR
    source[:, SIZE[1] // 2 : SIZE[1] // 2 + refused] = REFUSED
    labels = (material.dataset.label(items[i]) for i in sorted(SUBSET))
    folder.mkdir()
    write_labels(
        folder,
        (
            LabelledImage(i, np.where(source == ANNOTATOR, label, 255).astype(np.uint8), source)
            for i, label in zip(sorted(SUBSET), labels, strict=True)
        ),
    )
    return folder


def extended(
    material: Material, pool: str, labels: Path, features: str, out: Path, **engine: object
) -> dict[str, LabelledImage]:
    """The label store of extended pixels."""
    model = material.model if features == "lowlevel" else None
    job = ExtendJob(
        **about(material, pool, model, out),  # type: ignore[arg-type]
        extend=ExtendConfig.model_validate({"cell": 4, "features": features}),
        **EXTENSION,  # type: ignore[arg-type]
        label_folders=(labels,),
    )
    over_pool(job, **engine)
    return read_merged([out])


@pytest.fixture(scope="module")
def reference(material: Material, tmp_path_factory: pytest.TempPathFactory) -> list[RegionPick]:
    """In process, one image at a time, one shard."""
    out = tmp_path_factory.mktemp("regions") / "reference"
    regions = picked(material, "one shard", out, name="local", score_batch=1)
    assert {pick.image_id for pick in regions} == SUBSET
    assert {pick.region.spare for pick in regions} == {False, True}
    return regions


@pytest.mark.parametrize("batch", [pytest.param(3, marks=pytest.mark.slow), 8])
def test_regions_of_any_batch_and_shards(
    material: Material, reference: list[RegionPick], tmp_path: Path, batch: int
) -> None:
    got = picked(material, "many shards", tmp_path / "r", name="local", score_batch=batch)
    assert got == reference


@pytest.mark.slow
@pytest.mark.usefixtures("ray_session")
@pytest.mark.parametrize(("pool", "actors", "batch"), RAY)
def test_regions_of_ray_actors(
    material: Material,
    reference: list[RegionPick],
    tmp_path: Path,
    pool: str,
    actors: int,
    batch: int,
) -> None:
    got = picked(material, pool, tmp_path / "r", name="ray", score_actors=actors, score_batch=batch)
    assert got == reference


@pytest.mark.slow
@pytest.mark.usefixtures("ray_session")
def test_extensions_of_both_engines(material: Material, tmp_path: Path) -> None:
    labels = labels_of(material, tmp_path / "labels", refused=6)
    here = extended(
        material, "one shard", labels, "lowlevel", tmp_path / "a", name="local", score_batch=1
    )
    there = extended(
        material, "many shards", labels, "lowlevel", tmp_path / "b", name="ray", score_actors=2
    )
    assert here.keys() == there.keys() == SUBSET
    for image_id, labelled in here.items():
        assert np.array_equal(labelled.label, there[image_id].label)
        assert np.array_equal(labelled.source, there[image_id].source)
    assert sum(int((labelled.label != 255).sum()) for labelled in here.values()) > 1000
    assert refused_pixels(tmp_path / "a", 11) == refused_pixels(tmp_path / "b", 11)


def test_what_is_refused_is_not_extended(material: Material, tmp_path: Path) -> None:
    """Also after an interruption."""
    plain, columns = labels_of(material, tmp_path / "labels"), slice(SIZE[1] // 2, SIZE[1] // 2 + 6)
    labels = labels_of(material, tmp_path / "refusing", refused=6)
    everything = extended(material, "one shard", plain, "rgb", tmp_path / "all", name="local")
    here = extended(material, "many shards", labels, "rgb", tmp_path / "a", name="local")
    dropped = np.zeros(11, np.int64)
    for image_id, labelled in everything.items():
        kept = labelled.label.copy()
        dropped += np.bincount(kept[:, columns].flatten(), minlength=256)[:11]
        kept[:, columns] = 255
        assert np.array_equal(here[image_id].label, kept)
    assert dropped.sum() > 100
    assert refused_pixels(tmp_path / "a", 11) == tuple(dropped.tolist())
    assert refused_pixels(tmp_path / "all", 11) == (0,) * 11
    parts = sorted((tmp_path / "a").glob("part-*.parquet"))
    for part in parts[::2]:
        part.unlink()
    again = ExtendJob(
        **about(material, "many shards", None, tmp_path / "a"),  # type: ignore[arg-type]
        **EXTENSION,  # type: ignore[arg-type]
        extend=ExtendConfig(cell=4),
        label_folders=(labels,),
    )
    build_engine(EngineConfig(name="local")).over_pool(again, lambda report: None)
    assert sorted((tmp_path / "a").glob("part-*.parquet")) == parts
    assert refused_pixels(tmp_path / "a", 11) == tuple(dropped.tolist())


@pytest.mark.slow
@pytest.mark.usefixtures("ray_session")
def test_calibration_of_both_engines(material: Material, tmp_path: Path) -> None:
    items = {item.image_id: item for item in material.dataset.items("train")}
    whole = np.full(SIZE, ANNOTATOR, np.uint8)
    (tmp_path / "labels").mkdir()
    write_labels(
        tmp_path / "labels",
        (LabelledImage(i, material.dataset.label(items[i]), whole) for i in sorted(SUBSET)),
    )
    config = ExtendConfig(cell=4, precision=0.5)
    found = []
    for name, pool in (("local", "one shard"), ("ray", "many shards")):
        job = CalibrateJob(
            **about(material, pool, material.model, tmp_path / name),  # type: ignore[arg-type]
            extend=config,
            radius=16,
            classes=11,
            label_folders=(tmp_path / "labels",),
            regions=REGIONS,
            shown=4,
        )
        over_pool(job, name=name)
        found.append(choose(list(read_tallies(str(tmp_path / name), config)), config))
    assert found[0] == found[1]
    assert found[0].images == len(SUBSET)
    assert found[0].thresholds is not None
