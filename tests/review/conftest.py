"""A small run with wrong labels, and its review."""

import pytest

from raysal.engine.build import build_engine
from raysal.experiment.run import run_experiment
from raysal.progress import Silent
from raysal.review.run import review_run
from tests.support.tiny_run import tiny


@pytest.fixture(scope="session")
def noisy(tmp_path_factory):
    """Two rounds whose annotator takes a third of the segments for something else."""
    config = tiny(
        tmp_path_factory.mktemp("noisy"),
        data={"train": 24, "val": 0, "test": 2},
        train={"epochs": 4, "checkpoint": "last"},
        acquisition={"name": "random"},
        al={"initial": 12, "budget": 6, "rounds": 2},
        noise={"rate": 0.3, "unit": "segment"},
    )
    run_experiment(config, lambda: build_engine(config.engine), Silent())
    return config


@pytest.fixture(scope="session")
def reviewed(noisy):
    """In the folder of the run."""
    return review_run(
        noisy.folder, noisy.folder / "review", lambda c: build_engine(c.engine), Silent(), folds=2
    )
