"""A whole experiment chooses the same images on both engines, and those it has always chosen."""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers import queried, tiny

from raysal.engine.build import build_engine
from raysal.rounds.experiment import Outcome, run_experiment
from raysal.rounds.watch import Silent


def go(output: Path, **changes: object) -> Outcome:
    config = tiny(output, **changes)
    return run_experiment(config, lambda: build_engine(config.engine), Silent())


@pytest.mark.slow
@pytest.mark.usefixtures("ray_session")
def test_both_engines(tmp_path: Path) -> None:
    local = go(tmp_path / "local", al={"rounds": 2})
    on_ray = go(tmp_path / "ray", al={"rounds": 2}, engine={"name": "ray"})
    assert queried(local.place.root, 2) == queried(on_ray.place.root, 2)
    assert [r.miou for r in local.records] == [r.miou for r in on_ray.records]
    assert [r.labelled.images for r in on_ray.records] == [8, 12]
    assert [r.labelled.pixels for r in on_ray.records] == [n * 48 * 64 for n in (8, 12)]


def test_budget_and_repeats(tmp_path: Path) -> None:
    outcome = go(tmp_path, train={"epochs": 1})
    ids = [i for query in queried(outcome.place.root, 3) for i in query]
    assert len(ids) == len(set(ids)) == 16
    again = go(tmp_path, train={"epochs": 1})
    assert again.records == outcome.records
