"""Invalid sweeps: each is refused in one line before anything runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from raysal.storage.lock import locked
from tests.support.commands import Raysal
from tests.support.tiny_sweep import write_sweep


@pytest.mark.parametrize(("override", "words"), [
    ("sweep.parameters.acquisition.levles=[4, 8]",
     ["sweep, trial", "unknown key 'acquisition.levles'", "did you mean 'levels'?"]),
    ("sweep.parameters.acquisition.levels=[4, 0]", ["trial levels=0,seed=0", "greater than 0"]),
    ("sweep.metric=final_iou", ["sweep.metric: unknown 'final_iou'", "'final_miou'?"]),
    ("sweep.seedz=[1]", ["unknown key 'sweep.seedz'", "did you mean 'seeds'?"]),
    ("sweep.concurrency=2", ["sweep.concurrency need engine.name=ray"]),
])  # fmt: skip
def test_refused(override: str, words: list[str], raysal: Raysal, tmp_path: Path) -> None:
    config = write_sweep(tmp_path / "s.yaml", tmp_path)
    raysal("sweep", config, "--set", override).refused(*words)
    assert not list(tmp_path.glob("tiny/trials/*"))


def test_a_stage_that_does_not_exist(raysal: Raysal, tmp_path: Path) -> None:
    features = {"parameters": {"acquisition.feature": ["aspp", "asp"]}}
    config = write_sweep(tmp_path / "s.yaml", tmp_path, features, acquisition={"name": "coreset"})
    raysal("sweep", config).refused("no stage 'asp'; did you mean 'aspp'?")
    assert not list(tmp_path.glob("tiny/trials/*"))


def test_two_sweeps_on_one_folder(raysal: Raysal, tmp_path: Path) -> None:
    config = write_sweep(tmp_path / "s.yaml", tmp_path)
    (tmp_path / "tiny").mkdir()
    with locked(tmp_path / "tiny"):
        raysal("sweep", config).refused(f"{tmp_path / 'tiny'} is in use by process")


def test_a_sweep_is_refused_by_raysal_run(raysal: Raysal, tmp_path: Path) -> None:
    config = write_sweep(tmp_path / "s.yaml", tmp_path)
    raysal("run", config).refused("run it with `raysal sweep")


def test_a_trial_that_fails(raysal: Raysal, tmp_path: Path) -> None:
    lr = {"parameters": {"optim.lr": [1e30, 0.01]}}
    changes = {"train": {"epochs": 2}, "al": {"rounds": 1}}
    config = write_sweep(tmp_path / "s.yaml", tmp_path, lr, **changes)
    ended = raysal("sweep", config)
    line = ended.refused("1 of 2 trials failed: lr=1e+30,seed=0: ", "lower optim.lr", "run again")
    assert "Traceback" not in line
    assert "report: " in ended.out
    raysal("sweep", config, "--set", "sweep.parameters.optim.lr=[0.02]").refused(
        "was made with another configuration", "now sweep.parameters.optim.lr: [0.02]"
    )
