"""Workers that die are replaced, and the results stay the same."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from raysal.acquisition.selection.region_parts import read_regions
from raysal.acquisition.selection.top_k import top_k
from raysal.data.decode import encode_png
from raysal.data.pool.parts import finished_parts, part_name
from raysal.data.sets.folder import Folder
from raysal.engine.build import build_engine
from raysal.engine.config import EngineConfig
from raysal.engine.jobs import EvaluateJob, PoolJob, RegionJob
from raysal.errors import DataError, TrainingError
from raysal.models.checkpoint import load_model
from raysal.regions.config import RegionConfig
from raysal.training.config import OptimConfig
from raysal.training.job import EpochReport, TrainJob
from tests.support.material import IMAGES, SIZE, Material
from tests.support.ray_processes import kill_once
from tests.support.tallied_score import best, score_job

RAY = EngineConfig(name="ray", train_in="workers")
LOCAL = EngineConfig(name="local")


def train(job: TrainJob, config: EngineConfig) -> list[EpochReport]:
    """The reports of the epochs, in order of arrival."""
    reports: list[EpochReport] = []
    engine = build_engine(config)
    engine.train(job, reports.append)
    engine.close()
    return reports


@pytest.mark.slow
@pytest.mark.usefixtures("ray_session")
def test_killed_training_worker_continues(
    train_job: TrainJob, trained_alone: dict[str, torch.Tensor]
) -> None:
    progress = train_job.out / "progress.jsonl"
    killer = kill_once(
        "RayTrainWorker",
        lambda: progress.exists() and len(progress.read_text().splitlines()) >= 2,
    )
    reports = train(train_job, RAY)
    killer.join()
    epochs = [report.epoch for report in reports]
    assert epochs[-1] == 6
    assert epochs.count(1) == 1, "it began again instead of going on"
    got = load_model(train_job.out).model.state_dict()
    assert all(torch.equal(trained_alone[name], got[name]) for name in trained_alone)


@pytest.mark.slow
@pytest.mark.usefixtures("ray_session")
def test_nan_is_reported_and_not_retried(train_job: TrainJob) -> None:
    job = replace(train_job, optim=OptimConfig(lr=1e12))
    in_driver = RAY.model_copy(update={"train_in": "driver"})  # As for one worker on a laptop.
    with pytest.raises(TrainingError, match=r"the loss is .*lower optim\.lr") as caught:
        train(job, in_driver)
    assert "\n" not in str(caught.value)


@pytest.mark.slow
@pytest.mark.usefixtures("ray_session")
def test_killed_scoring_actor(material: Material, calm_picks: list[str], tmp_path: Path) -> None:
    job = score_job(material, tmp_path / "out")
    parts_at_kill = killed_in_the_middle(job)
    assert 0 < parts_at_kill < len(job.pool.units)
    assert best(job) == calm_picks


@pytest.mark.slow
@pytest.mark.usefixtures("ray_session")
def test_killed_region_actor(material: Material, tmp_path: Path) -> None:
    pool = material.pools["many shards"]
    regions = []
    for name in ("calm", "killed"):
        (tmp_path / name).mkdir()
        job = RegionJob(
            pool=pool, model=material.model, out=str(tmp_path / name), size=SIZE, precision="auto",
            seed=5, round_index=1, units=None, images=frozenset(pool.ids()), label_folders=(),
            regions=RegionConfig(subset=IMAGES, w=16, passes=30, on_shortfall="overlap"),
        )  # fmt: skip
        if name == "calm":
            build_engine(LOCAL).over_pool(job, lambda report: None)
        else:
            assert 0 < killed_in_the_middle(job) < len(pool.units)
        assert finished_parts(job.out) == {part_name(unit.name) for unit in pool.units}
        regions.append(top_k(read_regions(job.out), 10_000))
    assert regions[0] == regions[1]
    assert {pick.image_id for pick in regions[0]} == set(pool.ids())


def killed_in_the_middle(job: PoolJob) -> int:
    """Run a job on Ray and kill an actor after the first part; returns the parts at that time."""
    there = 0

    def begun() -> bool:
        nonlocal there
        there = len(finished_parts(job.out))
        return there > 0

    killer = kill_once("PoolActor", begun)
    done: list[int] = []
    build_engine(RAY).over_pool(job, lambda report: done.append(report.images))
    killer.join()
    assert sum(done) == IMAGES, "each unit is reported once"
    return there


@pytest.mark.usefixtures("ray_session")
def test_evaluation_is_the_same(material: Material) -> None:
    job = EvaluateJob(material.dataset, "test", material.model, "auto")
    results = []
    for config in (LOCAL, RAY):
        engine = build_engine(config)
        results.append(engine.evaluate(job, lambda images: None))
        engine.close()
    assert results[0].confusion == results[1].confusion
    assert results[0].images == results[1].images == 8


@pytest.mark.slow
@pytest.mark.usefixtures("ray_session")
def test_error_of_one_worker_ends_all(
    train_job: TrainJob, material: Material, tmp_path: Path
) -> None:
    """The other worker waits in a collective operation and would wait for ever."""
    items = material.dataset.items("val")
    for kind in ("images", "masks"):
        (tmp_path / kind).mkdir()
    for item in items:
        (tmp_path / "images" / f"{item.image_id}.jpg").write_bytes(
            material.dataset.image_bytes(item)
        )
        mask = material.dataset.raw_label(item)
        (tmp_path / "masks" / f"{item.image_id}.png").write_bytes(encode_png(mask))
    # The second worker validates every second image.
    (tmp_path / "masks" / f"{items[1].image_id}.png").write_bytes(
        encode_png(np.full(SIZE, 99, np.uint8))
    )
    (tmp_path / "val.txt").write_text("\n".join(item.image_id for item in items))
    dataset = Folder(
        images=str(tmp_path / "images"),
        masks=str(tmp_path / "masks"),
        classes=material.dataset.class_names,
        size=SIZE,
        lists={"val": str(tmp_path / "val.txt")},
    )
    two = train_job.train.model_copy(update={"workers": 2})
    job = replace(train_job, dataset=dataset, train=two)
    with pytest.raises(DataError, match=rf"{items[1].image_id}.*class id 99"):
        train(job, EngineConfig(name="ray", max_failures=1))
