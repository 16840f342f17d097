"""Workers that die are replaced, and nothing changes by it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from material import SIZE, Material
from processes import kill_once

from raysal.acquisition.difficulty import DifficultyScore
from raysal.acquisition.score_parts import read_parts
from raysal.data.augment import AugmentConfig
from raysal.data.candidates import Candidates
from raysal.data.decode import encode_png
from raysal.data.folder import Folder
from raysal.data.labels import whole_image, write_labels
from raysal.engine.base import EngineConfig, EvaluateJob, ScoreJob
from raysal.engine.build import build_engine
from raysal.errors import DataError, TrainingError
from raysal.models.checkpoint import load_model
from raysal.models.config import ModelConfig
from raysal.training.config import LossConfig, OptimConfig, TrainConfig
from raysal.training.job import EpochReport, TrainJob

RAY = EngineConfig(name="ray", train_in="workers")
LOCAL = EngineConfig(name="local")


@pytest.fixture
def train_job(material: Material, tmp_path: Path) -> TrainJob:
    """Eight labelled images, a few epochs."""
    labels = tmp_path / "labels"
    labels.mkdir()
    items = material.dataset.items("train")[:8]
    write_labels(labels, (whole_image(i.image_id, material.dataset.label(i)) for i in items))
    (tmp_path / "out").mkdir()
    return TrainJob(
        dataset=material.dataset,
        pool_uri=material.pools["one shard"].uri,
        label_folders=(labels,),
        out=tmp_path / "out",
        model=ModelConfig(weights="none").resolved(frozenset({"difficulty"})),
        loss=LossConfig(),
        optim=OptimConfig(),
        train=TrainConfig(epochs=6, batch_size=4, validate_every=2),
        augment=AugmentConfig(),
        seed=0,
        round_index=0,
    )


def train(job: TrainJob, config: EngineConfig) -> list[EpochReport]:
    """Reports of the epochs, in the order in which they came."""
    reports: list[EpochReport] = []
    engine = build_engine(config)
    engine.train(job, reports.append)
    engine.close()
    return reports


def weights(out: Path) -> dict[str, torch.Tensor]:
    """Of the model that a training left."""
    return load_model(out).model.state_dict()


@pytest.mark.slow
@pytest.mark.usefixtures("ray_session")
def test_killed_training_worker_continues(train_job: TrainJob, tmp_path: Path) -> None:
    (tmp_path / "calm").mkdir()
    calm = replace(train_job, out=tmp_path / "calm")
    train(calm, LOCAL)
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
    expected, got = weights(calm.out), weights(train_job.out)
    assert all(torch.equal(expected[name], got[name]) for name in expected)


@pytest.mark.usefixtures("ray_session")
def test_two_workers_train_together(train_job: TrainJob) -> None:
    two = train_job.train.model_copy(update={"workers": 2})
    reports = train(replace(train_job, train=two), EngineConfig(name="ray", threads=1))
    assert reports[-1].loss < reports[0].loss
    assert reports[-1].val_miou is not None


@pytest.mark.usefixtures("ray_session")
def test_nan_is_reported_and_not_retried(train_job: TrainJob) -> None:
    job = replace(train_job, optim=OptimConfig(lr=1e12))
    with pytest.raises(TrainingError, match=r"the loss is .*lower optim\.lr") as caught:
        train(job, RAY)
    assert "\n" not in str(caught.value)


@pytest.mark.usefixtures("ray_session")
def test_killed_scoring_actor(material: Material, tmp_path: Path) -> None:
    pool = material.pools["many shards"]
    scores = []
    for name, config in (("calm", LOCAL), ("killed", RAY)):
        out = tmp_path / name
        out.mkdir()
        job = ScoreJob(
            pool=pool,
            model=material.model,
            strategy=DifficultyScore(),
            candidates=Candidates((0, 0), None, frozenset(), pool.images),
            out=str(out),
            size=SIZE,
            precision="auto",
            seed=0,
            round_index=0,
            units=None,
        )
        engine = build_engine(config)
        killer = None
        if name == "killed":
            killer = kill_once("PoolActor", lambda out=out: any(out.glob("part-*")))
        engine.over_pool(job, lambda report: None)
        if killer:
            killer.join()
        scores.append({row.image_id: row.score for row in read_parts(str(out))})
    assert scores[1].keys() == scores[0].keys()
    assert scores[1] == pytest.approx(scores[0], abs=1e-6)


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
    """The other one waits in a collective and would wait for ever."""
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
