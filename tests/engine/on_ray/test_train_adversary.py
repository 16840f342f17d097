"""An adversary trained on Ray equals one trained in process."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from raysal.data.labels import labelled_ids
from raysal.data.pool.candidates import Candidates
from raysal.engine.build import build_engine
from raysal.engine.config import EngineConfig
from raysal.models.adversary import digest, load_adversary
from raysal.training.adversary.config import RankedAdversaryConfig
from raysal.training.adversary.job import AdversaryJob
from raysal.training.job import EpochReport, TrainJob
from tests.support.material import Material
from tests.support.ray_processes import kill_once

WORKERS = EngineConfig(name="ray", train_in="workers", threads=1)
LOCAL = EngineConfig(name="local", threads=1)


@pytest.fixture
def job(material: Material, train_job: TrainJob) -> AdversaryJob:
    """Of the labels of `train_job`; two of its settings are for two workers, which it ignores."""
    pool = material.pools["one shard"]
    labelled = frozenset(labelled_ids(train_job.label_folders[0]))
    tiny = {"side": 16, "latent": 4, "width": 8, "steps": 20}
    return AdversaryJob(
        pool=pool, label_folders=train_job.label_folders,
        candidates=Candidates((0, 0), None, labelled, pool.images - len(labelled)),
        size=train_job.dataset.size, model=material.model, config=RankedAdversaryConfig(**tiny),
        task=train_job.train.model_copy(update={"workers": 2}), out=train_job.out, seed=0,
        round_index=0,
    )  # fmt: skip


def train(job: AdversaryJob, engine: EngineConfig) -> tuple[str, list[EpochReport]]:
    job.out.mkdir(exist_ok=True)
    reports: list[EpochReport] = []
    running = build_engine(engine)
    running.train(job, reports.append)
    running.close()
    assert {p.name for p in job.out.iterdir()} == {"adversary.pt", "train.json"}
    return digest(load_adversary(job.out)), reports


@pytest.mark.usefixtures("ray_session")
def test_the_same_as_in_process(job: AdversaryJob, tmp_path: Path) -> None:
    """In the driver, as every single worker on a Ray that raysal started."""
    expected, told = train(replace(job, out=tmp_path / "local"), LOCAL)
    in_driver = WORKERS.model_copy(update={"train_in": "driver"})
    assert train(replace(job, out=tmp_path / "driver"), in_driver) == (expected, told)


@pytest.mark.slow
@pytest.mark.usefixtures("ray_session")
def test_a_killed_worker_continues(job: AdversaryJob, tmp_path: Path) -> None:
    long = job.config.model_copy(update={"steps": 200, "width": 32})
    job = replace(job, config=long)
    expected, _ = train(replace(job, out=tmp_path / "local"), LOCAL)
    progress = job.out / "progress.jsonl"
    killer = kill_once(
        "RayTrainWorker",
        lambda: progress.exists() and len(progress.read_text().splitlines()) >= 2,
    )
    got, reports = train(job, WORKERS)
    killer.join()
    assert got == expected
    steps = [report.epoch for report in reports]
    assert steps[-1] == 200
    assert steps.count(20) == 1, "it began again instead of going on"
