"""kill -9 of the driver at any moment changes neither queries nor labels."""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from raysal.data.labels import labelled_ids
from raysal.experiment.config import ExperimentConfig
from raysal.experiment.layout import STAMP, RunLayout
from raysal.experiment.own_files import all_stages, draft_of
from raysal.experiment.record import Record
from tests.support.drivers import Before, Driver, dies_at, start
from tests.support.shallow_network import MOBILENET
from tests.support.tiny_run import queried, tiny, write_config

ROUNDS = 3
WITHIN_S = 240.0
# On some processors the number of threads shows in the last digits.
CHANGES = {
    "data": {"val": 2, "test": 3},
    "train": {"epochs": 2},
    "engine": {"threads": 1},
    "model": MOBILENET,
}


def run(config: Path, engine: str = "local", before: Before | None = None) -> Driver:
    """Start `raysal run`."""
    arguments = ["run", config, "--no-report", "--set", f"engine.name={engine}"]
    return start(arguments, config.parent / "run.log", before)


def result(config: ExperimentConfig) -> tuple[list[list[str]], list[list[str]], list[float | None]]:
    """Queried ids, labelled ids and mIoU of each round."""
    layout = RunLayout(config.folder)
    labels = [sorted(labelled_ids(folder)) for folder in layout.label_folders(ROUNDS - 1)]
    records = [Record.read(layout.round(index).record) for index in range(ROUNDS)]
    return queried(layout.root, ROUNDS), labels, [record.miou for record in records]


def stages_in_order(root: Path) -> list[str]:
    """The stages of a finished run, in the order in which they were committed."""
    stages = all_stages(RunLayout(root))
    stages.sort(key=lambda stage: (stage / STAMP).stat().st_mtime_ns)
    return [str(stage.relative_to(root)) for stage in stages]


def kill_when(driver: Driver, holds: Callable[[], bool]) -> None:
    """kill -9 as soon as something holds."""
    end = time.monotonic() + WITHIN_S
    while not holds():
        assert driver.status(0.01) is None, driver.output.read_text()
        assert time.monotonic() < end, driver.output.read_text()
    assert driver.status(0) is None, "it ended before it was killed"
    driver.kill()


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_killed_in_every_stage(tmp_path: Path) -> None:
    """Just before or just after each commit, at random moments, and while Ray works."""
    calm = tiny(tmp_path / "calm", **CHANGES)
    assert run(write_config(tmp_path / "calm.yaml", calm)).ended(WITHIN_S)
    expected = result(calm)
    assert [len(ids) for ids in expected[1]] == [8, 4, 4]
    stages = stages_in_order(calm.folder)
    assert len(stages) == 3 + 6 + 6 + 3, stages

    killed = tiny(tmp_path / "killed", **CHANGES)
    root, config = killed.folder, write_config(tmp_path / "killed.yaml", killed)
    layout, moments = RunLayout(root), random.Random(0)
    # Committed stages are kept, so each life goes on from where the one before was killed.
    for number, stage in enumerate(stages):
        if stage == "rounds/001/model":
            kill_while_ray_works(config, layout)
        if number % 6 == 0:
            driver = run(config)
            assert not driver.ended(moments.uniform(0.0, 0.5))
            driver.kill()
        for committed in (False, True):
            if not (root / stage).exists():
                driver = run(config, before=dies_at(root / stage, committed))
                assert driver.status(WITHIN_S) == -signal.SIGKILL, driver.output.read_text()
                assert (root / stage / STAMP).exists() == committed
    assert run(config, "ray").ended(WITHIN_S)
    assert result(killed) == expected


def kill_while_ray_works(config: Path, layout: RunLayout) -> None:
    """A run killed under one engine can be resumed under the other."""
    here = layout.round(1)
    for begun in (draft_of(here.model) / "last.pt", draft_of(here.metrics)):
        kill_when(run(config, "ray"), begun.exists)
    scored = run(config, "ray", before=dies_at(here.scores, committed=True))
    assert scored.status(WITHIN_S) == -signal.SIGKILL, scored.output.read_text()
