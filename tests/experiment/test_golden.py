"""Pinned choices: a change that moves them changes the results of every experiment."""

from __future__ import annotations

from pathlib import Path

from raysal.engine.build import build_engine
from raysal.experiment.run import run_experiment
from raysal.progress import Silent
from tests.support.tiny_run import queried, tiny

# Lots are drawn from hashes, so these hold on every machine.
GOLDEN = [
    ["train-000028", "train-000014", "train-000019", "train-000016",
     "train-000001", "train-000003", "train-000023", "train-000021"],
    ["train-000002", "train-000004", "train-000010", "train-000026"],
    ["train-000032", "train-000009", "train-000034", "train-000020"],
]  # fmt: skip


def test_initial_set_candidates_and_random_picks(tmp_path: Path) -> None:
    config = tiny(tmp_path, acquisition={"name": "random"}, train={"epochs": 1})
    run_experiment(config, lambda: build_engine(config.engine), Silent())
    assert queried(config.folder, 3) == GOLDEN
