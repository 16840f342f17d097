"""A whole experiment: pinned choices, no image queried twice; a second run reads from disk.

That both engines choose the same is in test_kill.py.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from raysal.engine.build import build_engine
from raysal.experiment.config import ExperimentConfig
from raysal.experiment.outcome import Outcome
from raysal.experiment.run import run_experiment
from raysal.progress import Silent
from tests.support.tiny_run import GOLDEN, queried, tiny


def run(config: ExperimentConfig) -> Outcome:
    return run_experiment(config, lambda: build_engine(config.engine), Silent())


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> ExperimentConfig:
    """No choice depends on the model, so one epoch and two test images are enough."""
    return tiny(
        tmp_path_factory.mktemp("random"),
        acquisition={"name": "random"},
        train={"epochs": 1, "checkpoint": "last"},
        data={"val": 0, "test": 2},
    )


@pytest.fixture(scope="module")
def outcome(config: ExperimentConfig) -> Outcome:
    return run(config)


def test_initial_set_candidates_and_random_picks(outcome: Outcome) -> None:
    assert queried(outcome.layout.root, 3) == GOLDEN


def test_budget_and_repeats(config: ExperimentConfig, outcome: Outcome) -> None:
    ids = [i for query in queried(outcome.layout.root, 3) for i in query]
    assert len(ids) == len(set(ids)) == 16
    assert [r.labelled.images for r in outcome.records] == [8, 12, 16]
    assert [r.labelled.pixels for r in outcome.records] == [n * 48 * 64 for n in (8, 12, 16)]
    assert run(config).records == outcome.records


def test_best_val_without_a_validation_split_is_said_and_recorded(
    tmp_path: Path, outcome: Outcome
) -> None:
    """Also in the report: `tests.report.summary.test_summary`."""
    one_round = {"acquisition": {"name": "random"}, "al": {"rounds": 1, "initial": 4}}
    heard: list[str] = []

    class Listening(Silent):
        def say(self, text: str) -> None:
            heard.append(text)

    for val, weights in ((0, "last"), (2, "best_val")):
        config = tiny(
            tmp_path / str(val),
            train={"epochs": 1},
            data={"val": val, "test": 2, "train": 6},
            **one_round,
        )
        heard.clear()
        engine = build_engine(config.engine)
        found = run_experiment(config, lambda engine=engine: engine, Listening())
        said = [text for text in heard if text.startswith("train.checkpoint=best_val, but streets")]
        assert len(said) == (weights == "last")
        assert [record.weights for record in found.records] == [weights]
    assert {record.weights for record in outcome.records} == {"last"}
