"""kill -9 of the driver at random moments changes neither queries nor labels."""

from __future__ import annotations

import random
import shutil
import time
from pathlib import Path

import pytest

from raysal.data.labels import labelled_ids
from raysal.experiment.config import ExperimentConfig
from raysal.experiment.layout import RunLayout
from raysal.experiment.record import Record
from tests.support.drivers import Driver, start
from tests.support.tiny_run import queried, tiny, write_config

ROUNDS = 3


def run(config: Path, engine: str) -> Driver:
    """Start `raysal run`."""
    arguments = ["run", config, "--no-report", "--set", f"engine.name={engine}"]
    return start(arguments, config.parent / f"{engine}.log")


def result(config: ExperimentConfig) -> tuple[list[list[str]], list[list[str]], list[float | None]]:
    """Queried ids, labelled ids and mIoU of each round."""
    layout = RunLayout(config.folder)
    labels = [sorted(labelled_ids(folder)) for folder in layout.label_folders(ROUNDS - 1)]
    records = [Record.read(layout.round(index).record) for index in range(ROUNDS)]
    return queried(layout.root, ROUNDS), labels, [record.miou for record in records]


def finish(config: Path, engine: str) -> float:
    """Run to the end; returns the seconds it took."""
    begin = time.monotonic()
    assert run(config, engine).ended(600)
    return time.monotonic() - begin


@pytest.mark.slow
@pytest.mark.timeout(1500)
def test_twenty_kills(tmp_path: Path) -> None:
    """A run killed under one engine can be resumed under the other."""
    changes = {"data": {"val": 2, "test": 3}, "train": {"epochs": 2}}
    calm = tiny(tmp_path / "calm", **changes)
    config = write_config(tmp_path / "calm.yaml", calm)
    whole_s = {"local": finish(config, "local")}
    expected = result(calm)
    assert [len(ids) for ids in expected[1]] == [8, 4, 4]

    shutil.rmtree(calm.folder)
    whole_s["ray"] = finish(config, "ray")
    assert result(calm) == expected

    killed = tiny(tmp_path / "killed", **changes)
    config = write_config(tmp_path / "killed.yaml", killed)
    moments = random.Random(0)
    kills = 0
    while kills < 20:
        engine = ("local", "ray")[kills % 2]
        driver = run(config, engine)
        # Committed stages are kept, so that short lives reach every stage, too.
        if driver.ended(moments.uniform(0.3, min(30.0, 0.4 * whole_s[engine]))):
            assert result(killed) == expected
            shutil.rmtree(killed.folder)
        else:
            driver.kill()
            kills += 1
    finish(config, "ray")
    assert result(killed) == expected
