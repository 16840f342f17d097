"""kill -9 of the driver at random moments changes nothing that is chosen or labelled."""

from __future__ import annotations

import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from helpers import queried, tiny, write_config

from raysal.data.labels import labelled_ids
from raysal.rounds.config import ExperimentConfig
from raysal.rounds.place import RunPlace
from raysal.rounds.record import Record

ROUNDS = 3


def start(config: Path) -> subprocess.Popen[bytes]:
    """`raysal run`, as a user would start it."""
    command = [sys.executable, "-m", "raysal.cli.main", "run", str(config), "--no-report"]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def result(config: ExperimentConfig) -> tuple[list[list[str]], list[list[str]], list[float | None]]:
    """What was asked, what was labelled, how good it became."""
    place = RunPlace(config.folder)
    labels = [sorted(labelled_ids(folder)) for folder in place.label_folders(ROUNDS - 1)]
    records = [Record.read(place.round(index) / "record") for index in range(ROUNDS)]
    return queried(place.root, ROUNDS), labels, [record.miou for record in records]


def finish(config: Path) -> float:
    """Run to the end; seconds it took."""
    begin = time.monotonic()
    process = start(config)
    output, _ = process.communicate(timeout=600)
    assert process.returncode == 0, output.decode()
    return time.monotonic() - begin


@pytest.mark.slow
@pytest.mark.timeout(1500)
def test_twenty_kills(tmp_path: Path) -> None:
    calm = tiny(tmp_path / "calm", engine={"name": "ray"})
    whole_s = finish(write_config(tmp_path / "calm.yaml", calm))
    expected = result(calm)
    assert [len(ids) for ids in expected[1]] == [8, 4, 4]

    killed = tiny(tmp_path / "killed", engine={"name": "ray"})
    config = write_config(tmp_path / "killed.yaml", killed)
    moments = random.Random(0)
    kills = runs = 0
    while kills < 20:
        process = start(config)
        try:
            # Nothing happens before Python has imported torch. What a killed run committed stays,
            # so that short lives reach every stage, too.
            process.wait(timeout=moments.uniform(2.0, min(30.0, 0.7 * whole_s)))
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()
            kills += 1
            continue
        assert process.stdout is not None
        assert process.returncode == 0, process.stdout.read().decode()
        assert result(killed) == expected
        runs += 1
        shutil.rmtree(killed.folder)
    finish(config)
    assert result(killed) == expected
