"""The preview of extended labels is what the run's stage writes; groups say where it comes from."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from raysal.annotate.asked import Asked
from raysal.annotate.of_run import asked_of
from raysal.annotate.tool.prepare import calibrations
from raysal.annotate.tool.prepare import preparation as preparation_module
from raysal.annotate.tool.prepare.cache import Cache
from raysal.annotate.tool.prepare.calibration import CalibrationTask
from raysal.annotate.tool.prepare.calibrations import ReadyTask
from raysal.annotate.tool.prepare.extended import ExtendTask, enlarged, grouped
from raysal.annotate.tool.prepare.files import read_raster
from raysal.annotate.tool.prepare.layers import calibration_task, drawn, task_for
from raysal.annotate.tool.prepare.of_run import guides_of_run
from raysal.annotate.tool.prepare.preparation import Preparation
from raysal.annotate.tool.prepare.task import Tools
from raysal.data.decode import IGNORE
from raysal.data.labels import EXTENDED, read_labels
from raysal.engine.build import build_engine
from raysal.experiment.config import ExperimentConfig
from raysal.experiment.extend_labels import read_calibration
from raysal.experiment.layout import RunLayout
from raysal.experiment.own_size import own_rectangle
from raysal.experiment.run import run_experiment
from raysal.progress import Silent
from raysal.storage.seal import hash_bytes
from tests.annotate.tool.prepare.tasks import Held
from tests.support.people import OWN_SIZE, SIZE, Photographs, asking, take_photographs
from tests.support.tiny_run import tiny

EXTENDING: dict[str, Any] = {
    "acquisition": {"name": "panoptic"},
    "model": {"channel_dropout": 0.25},
    "rga": {"subset": "all", "w": 16, "passes": 3},
    # A precision that is reached by chance, so that something is extended.
    "cle": {"cell": 4, "precision": 0.05, "calibration_images": 3, "features": "lowlevel"},
    "al": {"initial": 3, "rounds": 2, "test": 0, "budget": 5, "budget_unit": "regions"},
}
PATIENCE_S = 120


def go_on(config: ExperimentConfig) -> None:
    """Run until people are asked, or to the end."""
    run_experiment(config, lambda: build_engine(config.engine), Silent())


@pytest.fixture(scope="module")
def photographs(tmp_path_factory: pytest.TempPathFactory) -> Photographs:
    """Eight of them."""
    return take_photographs(tmp_path_factory.mktemp("photographs"), images=8)


@pytest.fixture(scope="module")
def waiting(photographs: Photographs, tmp_path_factory: pytest.TempPathFactory) -> ExperimentConfig:
    """A run that asks for regions."""
    config = asking(tmp_path_factory.mktemp("run"), photographs, **EXTENDING)
    go_on(config)
    photographs.answer(config.folder)
    go_on(config)
    return config, asked_of(config.folder)


def test_equals_what_the_run_writes_for_the_same_labels(
    waiting: tuple[ExperimentConfig, Asked], photographs: Photographs, tmp_path: Path
) -> None:
    config, asked = waiting
    layout, tools = RunLayout(config.folder), Tools(Cache(tmp_path / "cache"), 1)
    guide = guides_of_run(layout, config)["round-000"]
    calibration = calibration_task(guide)
    calibration.run(tools)
    found, shown = {}, {}
    for image in asked.images:
        data, raster = image.read(), photographs.drawn(asked, image.image_id)
        task = task_for(
            "extended", guide, image.image_id, hash_bytes(data), data, image.size, drawn(raster)
        )
        assert isinstance(task, ExtendTask)
        assert task.calibration == calibration.key
        thresholds = read_thresholds(tools, calibration.key)
        found[image.image_id] = task._extended(tools, raster, thresholds)[0]
        task.run(tools)
        entry = tools.cache.find(task.key)
        assert entry is not None
        shown[image.image_id] = (
            read_raster(entry.file("extended.gz"), OWN_SIZE, "u1"),
            read_raster(entry.file("groups.gz"), OWN_SIZE, "<u2"),
            entry.about["groups"],
            raster,
        )
    photographs.answer(config.folder)
    go_on(config)

    result = read_calibration(layout.round(0).extended)
    assert result is not None
    assert result.thresholds == thresholds
    stored = {one.image_id: one for one in read_labels(layout.round(0).extended)}
    assert stored.keys() == found.keys()
    assert sum(int((one.source == EXTENDED).sum()) for one in stored.values()) > 500
    for image_id, taken in found.items():
        np.testing.assert_array_equal(taken, stored[image_id].label)
        label, group, about, raster = shown[image_id]
        there = label != IGNORE
        assert (there == (group > 0)).all()
        assert not (there & (raster != IGNORE)).any()
        # At the own size: the nearest pixel, besides what is drawn and asked.
        np.testing.assert_array_equal(label[there], enlarged(taken, OWN_SIZE)[there])
        asked_for = np.zeros(OWN_SIZE, bool)
        for row, col, height, width in asked.by_id[image_id].rectangles:
            asked_for[row : row + height, col : col + width] = True
        assert not (there & asked_for).any()
        lost = ~there & (enlarged(taken, OWN_SIZE) != IGNORE)
        assert (lost <= asked_for).all()
        assert group.max() == len(about)
        assert [one["part"] for one in about] == list(range(1, len(about) + 1))
        for one in about:
            assert set(label[group == one["part"]]) == {one["classId"]}
            assert (group == one["part"]).sum() == one["pixels"] > 0
            assert one["keys"]
            for row, col, height, width in one["keys"]:
                # Keys are annotated, and hold the class that they gave.
                assert asked_for[row : row + height, col : col + width].all()
                # At the working size, a pixel at the edge may come from the one beyond.
                rows = slice(max(0, row - 1), row + height + 1)
                assert one["classId"] in raster[rows, max(0, col - 1) : col + width + 1]


def eventually(holds: Callable[[], bool]) -> None:
    """Wait until something holds."""
    end_s = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < end_s
        time.sleep(0.01)


def read_thresholds(tools: Tools, key: str) -> Any:
    """Of a calibration in the cache."""
    from raysal.annotate.tool.prepare.calibration import read_calibration as read

    entry = tools.cache.find(key)
    assert entry is not None
    return read(entry).thresholds


def test_groups_are_connected_areas_of_a_class_with_the_keys_of_their_cells(
    tmp_path: Path,
) -> None:
    config = tiny(
        tmp_path,
        rga={"w": 16, "passes": 3},
        model={"channel_dropout": 0.25},
        cle={"cell": 8},
        acquisition={"name": "panoptic"},
    )
    size = config.data.size
    assert size == SIZE
    taken = np.full(size, IGNORE, np.uint8)
    taken[0:8, 0:16] = 2  # Two cells, from keys 10 and 11.
    taken[8:16, 16:24] = 2  # Touches only at a corner, from key 11.
    taken[40:48, 56:60] = 5
    origin_NC = np.full((6 * 8, len(config.data.class_names)), -1)
    origin_NC[[0, 1, 10], 2] = [20, 21, 21]
    origin_NC[1, 3] = origin_NC[47, 5] = 22  # Another class in a cell has another key.
    raster = np.full((96, 128), IGNORE, np.uint8)
    raster[90:, 118:] = 3  # Drawn since.
    found = grouped(taken, origin_NC, raster, [(0, 0, 4, 8)], config)
    assert [(one["classId"], one["pixels"]) for one in found.about] == [
        (2, 4 * 8 * 16 - 4 * 4 * 8),
        (2, 4 * 64),
        (5, 4 * 32 - 2 * 6),
    ]
    key_20, key_21 = ([32, 64, 16, 16], [32, 80, 16, 16])
    assert found.about[0]["keys"] == [key_20, key_21]
    assert found.about[1]["keys"] == [key_21]
    assert found.about[2]["keys"] == [[32, 96, 16, 16]]
    assert key_21[:2] == list(own_rectangle((16, 40, 8, 8), size, (96, 128))[:2])
    assert (found.label[:8, :16] == IGNORE).all()  # Asked.
    assert (found.group[16:32, 32:48] == 2).all()
    empty = grouped(np.full(size, IGNORE, np.uint8), origin_NC, raster, [], config)
    assert empty.about == []
    assert not empty.group.any()


def test_the_last_drawing_counts(
    photographs: Photographs,
    tmp_path: Path,
    waiting: tuple[ExperimentConfig, Asked],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """After the calibration; nothing drawn would extend nothing."""
    for module in (calibrations, preparation_module):
        monkeypatch.setattr(module, "Workers", Held)
    config, asked = waiting
    image = asked.images[0]
    preparation = Preparation(tmp_path / "cache")
    try:
        preparation.use({"k": image}, guides_of_run(RunLayout(config.folder), config))
        assert "extended" not in preparation.state("k")
        preparation.extend("k", np.full(image.size, IGNORE, np.uint8))
        drawings = [photographs.drawn(asked, image.image_id), np.zeros(image.size, np.uint8)]
        working = preparation._calibrations.workers
        assert isinstance(working, Held)
        preparation.extend("k", drawings[1])
        assert preparation.is_calibrating("k")
        assert isinstance(working.run(), CalibrationTask)
        assert isinstance(working.run(), ReadyTask)
        eventually(lambda: len(working.given) == 1)
        assert not preparation.is_calibrating("k")
        preparation.extend("k", drawings[0], 7)  # While another one is computed.
        working.run()
        eventually(lambda: len(working.given) == 1)
        assert preparation.state("k")["extended"].state == "pending"
        task = working.run()
        assert isinstance(task, ExtendTask)
        assert task.raster == drawn(drawings[0]).raster
        assert not working.given
        layer = preparation.state("k")["extended"]
        assert layer.state == "ready", layer.why
        assert layer.about["groups"]
        assert (layer.about["model"], layer.about["version"]) == ("round 0", 7)
        preparation.extend("k", drawings[0], 8)  # Saved again: the same.
        assert preparation.state("k")["extended"].about == {**layer.about, "version": 8}
        place = preparation.get("k", "groups")
        assert place is not None
        assert read_raster(place, image.size, "<u2").max() == len(layer.about["groups"])
    finally:
        preparation.close()
