"""Answers that are taken while the process is killed, and by several processes at once."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from raysal.annotate.asked import Asked
from raysal.annotate.exchange.registry import FORMATS
from raysal.data.answers import AnswerStore
from tests.support.asked_images import asked_for, asked_image, random_raster, stored, take, write
from tests.support.paths import ROOT

IMAGES = 60
KILLS = 20

# Takes answers as `raysal answer` does; `ready` and then one line for each answer on stdout.
TAKE = """
import sys
from pathlib import Path
from raysal.annotate.take import Options, take_answers
from raysal.progress import Silent
from tests.annotate.test_kill import everything

print("ready", flush=True)
for row in take_answers(
    everything(Path(sys.argv[1])), Path(sys.argv[2]), Options(otherwise=sys.argv[3]), Silent()
):
    print(row.result, flush=True)
"""


def everything(folder: Path) -> Asked:
    return asked_for(folder, [asked_image(f"{n % 3}/{n}", (90, 120)) for n in range(IMAGES)])


def start(folder: Path, source: Path, annotator: str = "ann") -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", TAKE, str(folder), str(source), annotator],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )


def given(asked: Asked, folder: Path, seed: int) -> tuple[Path, dict[str, np.ndarray]]:
    rasters = {
        image.image_id: random_raster(image, seed + n) for n, image in enumerate(asked.images)
    }
    return write(FORMATS["coco"], asked, rasters, folder) / "annotations.json", rasters


@pytest.mark.slow
def test_killed_at_random_moments(tmp_path: Path) -> None:
    """What is stored is whole, the rest comes with the next attempt, and nothing twice."""
    asked = everything(tmp_path)
    source, rasters = given(asked, tmp_path / "given", 0)
    moments = random.Random(0)
    for _ in range(KILLS):
        process = start(tmp_path, source)
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        time.sleep(moments.uniform(0, 0.15))
        process.send_signal(signal.SIGKILL)
        process.communicate()
        for image_id, raster in stored(asked).items():
            np.testing.assert_array_equal(raster, rasters[image_id])
    before = set(stored(asked))
    rows = take(asked, source)
    assert {i for i, row in rows.items() if row.result == "unchanged"} == before
    assert {i for i, row in rows.items() if row.result == "taken"} == rasters.keys() - before
    # What a kill leaves of an answer has another suffix.
    assert len(list(asked.answers.rglob("*-*.png"))) == IMAGES


@pytest.mark.slow
def test_two_at_once(tmp_path: Path) -> None:
    """Both answers of each image stay, and one of them is the current one."""
    asked = everything(tmp_path)
    both = {name: given(asked, tmp_path / name, seed) for name, seed in (("ann", 0), ("bob", 500))}
    running = [start(tmp_path, source, name) for name, (source, _) in both.items()]
    for process in running:
        out, _ = process.communicate(timeout=120)
        assert process.returncode == 0
        assert out.split()[1:] == ["taken"] * IMAGES
    for image in asked.images:
        versions = AnswerStore(asked.answers / "initial").versions(image.image_id)
        assert sorted(answer.annotator for answer in versions) == ["ann", "bob"]
        for answer in versions:
            assert answer.raster is not None
            np.testing.assert_array_equal(answer.raster, both[answer.annotator][1][image.image_id])
    assert stored(asked).keys() == both["ann"][1].keys()
