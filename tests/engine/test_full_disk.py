"""A disk that is full: committed files stay, and with more space the work continues."""

from __future__ import annotations

import errno
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from raysal.data.pool.parts import finished_parts
from raysal.engine.build import build_engine
from raysal.engine.config import EngineConfig
from raysal.models.build import build_model
from raysal.models.checkpoint import load_model
from raysal.training.job import EpochReport, TrainJob
from tests.support.material import Material
from tests.support.tallied_score import best, score_job

KB = 1 << 10
ENGINES = ["local", pytest.param("ray", marks=pytest.mark.slow)]


def mount(path: Path, kb: int, *options: str) -> bool:
    """Mount a file system in memory; with the option `remount`, change its size."""
    how = ",".join([f"size={kb}k", *options])
    command = ["mount", "-t", "tmpfs", "-o", how, "tmpfs", str(path)]
    try:
        return subprocess.run(command, capture_output=True).returncode == 0
    except FileNotFoundError:
        return False


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 24 KiB."""
    path = tmp_path / "disk"
    path.mkdir()
    if not mount(path, 24):
        pytest.skip("mounting a tmpfs is not permitted here")
    yield path
    subprocess.run(["umount", "-l", path], check=True)


def full(error: OSError) -> bool:
    """Whether `raysal` reports the error as no space left."""
    return error.errno == errno.ENOSPC


@pytest.mark.usefixtures("ray_session")
@pytest.mark.parametrize("engine", ENGINES)
def test_while_scoring(
    material: Material, calm_picks: list[str], tmp_path: Path, disk: Path, engine: str
) -> None:
    job = replace(score_job(material, tmp_path / "out"), out=str(disk))
    config = EngineConfig.model_validate({"name": engine})
    with pytest.raises(OSError, match="No space left") as caught:
        build_engine(config).over_pool(job, lambda report: None)
    assert full(caught.value)
    before = {p.name: p.read_bytes() for p in disk.iterdir()}
    assert before.keys() == finished_parts(str(disk)), "a draft takes room that is needed"
    assert 0 < len(before) < len(job.pool.units)

    assert mount(disk, 1024, "remount")
    build_engine(config).over_pool(job, lambda report: None)
    assert {name: (disk / name).read_bytes() for name in before} == before
    assert best(job) == calm_picks


@pytest.mark.slow
@pytest.mark.usefixtures("ray_session")
@pytest.mark.parametrize("engine", ["local", "ray"])
def test_while_saving_a_checkpoint(
    train_job: TrainJob, trained_alone: dict[str, torch.Tensor], disk: Path, engine: str
) -> None:
    """The first checkpoint fits on the disk; the second does not fit beside it."""
    config = EngineConfig(name=engine, train_in="workers")
    weights = sum(p.numel() for p in build_model(train_job.model, 11, 0).parameters()) * 4
    assert mount(disk, 3 * weights // KB, "remount")  # Weights and momentum, one and a half times.

    job = replace(train_job, out=disk)
    reports: list[EpochReport] = []
    with pytest.raises(OSError, match="No space left") as caught:
        build_engine(config).train(job, reports.append)
    assert full(caught.value)
    assert [report.epoch for report in reports] == [1]

    assert mount(disk, 1 << 20, "remount")
    build_engine(config).train(job, reports.append)
    assert [report.epoch for report in reports] == [1, 2, 3, 4, 5, 6]
    got = load_model(disk).model.state_dict()
    assert all(torch.equal(trained_alone[name], got[name]) for name in trained_alone)
