"""kill -9 of `raysal answer` at random moments, and two of them at once: nothing is lost."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import numpy as np
import pytest

from raysal.data.answers import AnswerStore
from raysal.experiment.answered import read_answered
from raysal.experiment.layout import RunLayout
from tests.support.drivers import start
from tests.support.people import Photographs, asking, take_photographs
from tests.support.tiny_run import write_config

INITIAL = 60


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_twenty_kills_and_two_at_once(tmp_path: Path) -> None:
    photographs = take_photographs(tmp_path, images=INITIAL + 10)
    config = asking(tmp_path, photographs, al={"test": 0, "initial": INITIAL, "rounds": 1})
    file, root, log = write_config(tmp_path / "p.yaml", config), config.folder, tmp_path / "log"
    run = ["run", file, "--no-report"]
    assert start(run, log).ended(120)
    assert start(["ask", root, "--out", tmp_path / "out"], log).ended(120)
    answer = ["answer", root, photographs_labelled(tmp_path / "out", photographs)]
    moments, kills = random.Random(0), 0
    store = AnswerStore(RunLayout(root).answers / "initial")
    counts = []
    while kills < 20:
        driver, wanted = start(answer, log), moments.randrange(INITIAL)
        while not driver.ended(moments.uniform(0, 0.02)) and saved(store) < wanted:
            pass
        if not driver.ended(0):
            driver.kill()
            kills += 1
        counts.append(len(store.heads()))
        if counts[-1] == INITIAL:
            shutil.rmtree(store.folder)
    assert sum(0 < count < INITIAL for count in counts) > 5, counts
    both = [start(answer, tmp_path / f"log{number}") for number in range(2)]
    assert all(driver.ended(120) for driver in both)
    assert start(answer, log).ended(120)
    assert f"{INITIAL} unchanged" in log.read_text()
    check_store(store, photographs)
    assert start(run, log).ended(120)
    rows = read_answered(RunLayout(root).initial)
    assert len(rows) == INITIAL
    assert {row.state for row in rows} == {"labelled"}


def photographs_labelled(folder: Path, photographs: Photographs) -> Path:
    """Save the masks of what is handed out."""
    for image in (folder / "images").iterdir():
        shutil.copy(photographs.masks / f"{image.stem}.png", folder / "masks")
    return folder


def saved(store: AnswerStore) -> int:
    """Number of images that have an answer."""
    return len(list(store.folder.glob("*/*.png")))


def check_store(store: AnswerStore, photographs: Photographs) -> None:
    """Each image has its mask; a second version is only one of two writers at once."""
    heads = store.heads()
    assert len(heads) == INITIAL
    for image_id in heads:
        versions = store.versions(image_id)
        assert len(versions) <= 2
        for version in versions:
            assert np.array_equal(version.raster, photographs.mask(image_id))
