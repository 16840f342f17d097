"""Sweeps on Ray Tune: the same results as in one process, parallel trials, and ASHA."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import pytest

from raysal.engine.on_ray.cluster import connect  # noqa: F401  (its environment comes first)
from raysal.errors import ClusterError
from raysal.progress import Silent
from raysal.sweep.results import TrialResult
from raysal.sweep.run import run_sweep
from raysal.sweep.trials import load_sweep
from tests.support.shallow_network import MOBILENET
from tests.support.tiny_sweep import write_sweep as write_tiny_sweep

write_sweep = partial(write_tiny_sweep, model=MOBILENET)
RAY = {"name": "ray", "threads": 1}
THREE: dict[str, Any] = {"parameters": {"optim.lr": [1e30, 0.01, 0.02]}, "concurrency": 2}
ONE_ROUND = {"rounds": 1}


class Lines(Silent):
    """Keeps the messages."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def say(self, text: str) -> None:
        self.lines.append(text)


def numbers(results: tuple[TrialResult, ...]) -> list[tuple[Any, ...]]:
    return [
        (r.trial.name, r.status, r.metric, [(x.labelled, x.miou) for x in r.records])
        for r in results
    ]


@pytest.mark.slow
def test_parallel_trials_give_the_same_results(ray_session: None, tmp_path: Path) -> None:
    """A trial that fails does not affect the others."""
    heard, epochs = Lines(), {"epochs": 2}
    there = write_sweep(
        tmp_path / "r.yaml",
        tmp_path / "r",
        THREE,
        engine=RAY,
        train=epochs,
        al=ONE_ROUND,
    )
    sweep = load_sweep(there)
    results = run_sweep(sweep, heard)
    assert [r.status for r in results] == ["failed", "finished", "finished"]
    assert results[0].problem is not None
    assert "lower optim.lr" in results[0].problem
    one_by_one = {**THREE, "concurrency": 1}
    here = write_sweep(tmp_path / "l.yaml", tmp_path / "l", one_by_one, train=epochs, al=ONE_ROUND)
    assert numbers(results) == numbers(run_sweep(load_sweep(here), Silent()))
    assert heard.lines[0] == "0 of 3 trials are done"
    for trial in sweep.trials[1:]:
        assert sum(line.startswith(f"{trial.name}: round") for line in heard.lines) == 1
        assert f"{trial.name}: done" in heard.lines
    assert not (sweep.folder / ".tune").exists()


def test_more_concurrency_than_the_machine_has_room_for(ray_session: None, tmp_path: Path) -> None:
    many, heard = {**THREE, "concurrency": 1000}, Lines()
    sweep = load_sweep(write_sweep(tmp_path / "s.yaml", tmp_path, many, engine=RAY))
    with pytest.raises(ClusterError, match=r"sweep.concurrency is 1000, but .* have room for \d+"):
        run_sweep(sweep, heard)
    # What is unexpected in the settings of trials is said once.
    (remark,) = [line for line in heard.lines if line.startswith("train.checkpoint=best_val, but")]
    assert "trials)" not in remark


@pytest.mark.slow
def test_a_trial_stopped_by_asha_stays_stopped(ray_session: None, tmp_path: Path) -> None:
    asha = {
        "parameters": {"optim.lr": [0.01, 1e-8]},
        "concurrency": 1,
        "scheduler": "asha",
        "grace_rounds": 1,
    }
    path = write_sweep(tmp_path / "s.yaml", tmp_path, asha, engine=RAY, train={"epochs": 4})
    heard = Lines()
    results = run_sweep(load_sweep(path), heard)
    good, bad = results
    assert (good.status, bad.status) == ("finished", "stopped")
    assert len(good.records) == 2
    (record,) = bad.records
    assert bad.metric == record.miou
    said = f"{bad.trial.name}: stopped after 1 round(s), worse than most of the others"
    assert said in heard.lines
    again = Lines()
    assert numbers(run_sweep(load_sweep(path), again)) == numbers(results)
    assert again.lines == ["2 of 2 trials are done"]
