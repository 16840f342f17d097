"""A whole experiment asks for nothing twice; run again, it answers from disk.

That both engines choose the same is in test_kill.py.
"""

from __future__ import annotations

from pathlib import Path

from raysal.engine.build import build_engine
from raysal.experiment.run import Outcome, run_experiment
from raysal.progress import Silent
from tests.support.tiny_run import queried, tiny


def go(output: Path, **changes: object) -> Outcome:
    config = tiny(output, **changes)
    return run_experiment(config, lambda: build_engine(config.engine), Silent())


def test_budget_and_repeats(tmp_path: Path) -> None:
    outcome = go(tmp_path, train={"epochs": 1})
    ids = [i for query in queried(outcome.place.root, 3) for i in query]
    assert len(ids) == len(set(ids)) == 16
    assert [r.labelled.images for r in outcome.records] == [8, 12, 16]
    assert [r.labelled.pixels for r in outcome.records] == [n * 48 * 64 for n in (8, 12, 16)]
    again = go(tmp_path, train={"epochs": 1})
    assert again.records == outcome.records
