"""kill -9 of `raysal run --wait` at random moments loses no answer and changes no choice."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from raysal.data.answers import AnswerStore
from raysal.errors import RunError
from raysal.experiment.config import ExperimentConfig
from raysal.experiment.layout import RunLayout
from raysal.experiment.query import read_query
from raysal.experiment.record import Record
from tests.support.drivers import start
from tests.support.people import Photographs, asking, simulated, take_photographs
from tests.support.tiny_run import queried, write_config

ROUNDS = 3
SETTINGS = {"al": {"test": 3, "initial": 4, "budget": 2, "rounds": ROUNDS}}


def result(config: ExperimentConfig) -> tuple[list[list[str]], list[float | None]]:
    layout = RunLayout(config.folder)
    records = [Record.read(layout.round(index).record) for index in range(ROUNDS)]
    return queried(layout.root, ROUNDS), [record.miou for record in records]


def answer_some(photographs: Photographs, root: Path, most: int, done: set[str]) -> None:
    """Answer at most so many of the images that are asked for and have no answer yet."""
    try:
        done |= set(photographs.answer(root, most=most, skip=done))
    except RunError:  # It has not asked yet, or goes on.
        return


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_twenty_kills_while_people_label(tmp_path: Path) -> None:
    photographs = take_photographs(tmp_path)
    calm = simulated(tmp_path, photographs, **SETTINGS)
    assert start(["run", write_config(tmp_path / "calm.yaml", calm)], tmp_path / "log").ended(300)
    config = asking(tmp_path, photographs, **SETTINGS)
    file = write_config(tmp_path / "people.yaml", config)
    moments, done = random.Random(0), set[str]()
    kills = 0
    while kills < 20:
        driver = start(["run", file, "--wait", "--no-report"], tmp_path / "log")
        if driver.ended(moments.uniform(0.2, 3.0)):
            break
        answer_some(photographs, config.folder, 1, done)
        driver.ended(moments.uniform(0.0, 1.0))
        driver.kill()
        kills += 1
    for _ in range(ROUNDS + 1):
        assert start(["run", file, "--no-report"], tmp_path / "log").ended(300)
        answer_some(photographs, config.folder, 100, done)
    assert result(config) == result(calm)
    layout = RunLayout(config.folder)
    for here in (layout.test, *layout.queries(ROUNDS - 1)):
        store = AnswerStore(layout.answers / here.name)
        asked = {ask.image_id for ask in read_query(here.query)}
        assert set(store.heads()) == asked
        assert all(len(store.versions(image_id)) == 1 for image_id in asked)
