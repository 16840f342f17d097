"""Labelling a run in the browser while it goes on, and looking at one that is finished."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from raysal.annotate.asked import where_asked
from raysal.annotate.tool.workplaces.find import Place, find_workplace
from raysal.annotate.tool.workplaces.look import Look
from raysal.annotate.tool.workplaces.run import Run
from raysal.data.decode import IGNORE, resize_mask
from raysal.data.labels import read_labels
from raysal.engine.local.engine import LocalEngine
from raysal.errors import RunError
from raysal.experiment.answered import read_answered
from raysal.experiment.config import ExperimentConfig
from raysal.experiment.layout import RunLayout
from raysal.experiment.run import run_experiment
from raysal.progress import Silent
from raysal.storage.lock import locked
from tests.support.labelling import Browser, served
from tests.support.people import Photographs, asking, simulated, take_photographs


@pytest.fixture(scope="module")
def photographs(tmp_path_factory: pytest.TempPathFactory) -> Photographs:
    return take_photographs(tmp_path_factory.mktemp("photographs"), images=12)


def go_on(config: ExperimentConfig) -> None:
    run_experiment(config, lambda: LocalEngine(config.engine), Silent())


def label(browser: Browser, run: Run, photographs: Photographs, most: int | None = None) -> None:
    """Finish the first images of the queue."""
    entries = browser.queue()["images"]
    asked = run.view().asked
    for index, entry in list(enumerate(entries))[:most]:
        assert entry["forYou"], entry
        drawn = photographs.drawn(asked, entry["id"])
        found = browser.finish(drawn, index, seconds=3.5, clicks=4, undos=0)
        assert found.status_code == 200, found.text


def test_a_run_from_its_first_query_to_its_end(tmp_path: Path, photographs: Photographs) -> None:
    config = asking(tmp_path, photographs, al={"test": 2, "initial": 3, "budget": 2})
    go_on(config)
    run = Run(config.folder)
    server = served(run)
    ann = server.person("Ann")

    found = ann.queue()
    queries = [entry["query"] for entry in found["images"]]
    assert queries == ["test"] * 2 + ["initial"] * 3
    assert found["heading"] == "test images (2), the first images (3)"
    assert found["run"] == {"state": "asks", "text": "waits for your labels"}
    assert found["progress"]["unit"] == "images"
    assert found["past"]["images"] == 0
    label(ann, run, photographs)
    server.desk.view(now=True)
    assert ann.queue()["run"] == {
        "state": "stopped", "text": "all is labelled: start `raysal run` again, and it goes on",
    }  # fmt: skip
    with locked(config.folder):  # As `raysal run` does.
        server.desk.view(now=True)
        assert "the run goes on" in ann.queue()["run"]["text"]
    old, keys = ann.queue()["generation"], [entry["key"] for entry in ann.queue()["images"]]

    go_on(config)
    server.desk.view(now=True)
    found = ann.queue()
    assert found["generation"] != old
    assert [entry["query"] for entry in found["images"]] == ["round-000"] * 2
    assert all(entry["score"] is not None for entry in found["images"])
    assert run.view().guides["round-000"].name == "round 0"
    for key in keys:
        assert ann.get(f"images/{key}").status_code == 410
        assert ann.send(key, b"{}\n").status_code == 410
    rows = read_answered(RunLayout(config.folder).initial)
    assert {(row.annotator, row.seconds, row.clicks) for row in rows} == {("Ann", 3.5, 4)}
    layout = RunLayout(config.folder)
    for labelled in read_labels(layout.initial.labels):
        expected = resize_mask(photographs.mask(labelled.image_id), config.data.size)
        np.testing.assert_array_equal(labelled.label, expected)

    label(ann, run, photographs)
    go_on(config)
    server.desk.view(now=True)
    found = ann.queue()
    assert (found["run"]["state"], found["images"]) == ("finished", [])
    assert "mIoU" in found["run"]["text"]
    assert found["past"] == {"images": 7, "queries": 3, "seconds": 7 * 3.5}

    look = find_workplace(Place(config.folder), Silent())
    assert isinstance(look, Look)
    assert [image.query for image in look.view().asked.images] == [*queries, *["round-000"] * 2]


def test_a_simulated_run_is_only_looked_at(
    tmp_path: Path, photographs: Photographs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    config = simulated(tmp_path, photographs, al={"test": 2, "initial": 3, "rounds": 1})
    go_on(config)
    before = sorted(config.folder.rglob("*"))
    look = find_workplace(Place(config.folder), Silent())
    server = served(look)
    ann = server.person("Ann", reviewer=True)
    found = ann.queue()
    assert found["run"]["state"] == "view"
    assert [entry["state"] for entry in found["images"]] == ["done"] * 5
    assert found["progress"]["done"] == found["progress"]["of"] == 5
    assert ann.get("session").json()["readOnly"] is True
    for index, image in enumerate(server.images):
        raster = ann.raster(index)
        assert raster is not None
        truth = resize_mask(photographs.mask(image.image_id), config.data.size)
        np.testing.assert_array_equal(raster, resize_mask(truth, image.size))
        assert (raster[where_asked(image)] != IGNORE).any()
    assert ann.save().status_code == 403
    assert sorted(config.folder.rglob("*")) == before


def test_what_is_no_run(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="is not a run"):
        find_workplace(Place(tmp_path / "nothing"), Silent())


def test_nothing_is_labelled_yet(tmp_path: Path, photographs: Photographs) -> None:
    config = asking(tmp_path, photographs, al={"test": 0, "initial": 3})
    go_on(config)
    with pytest.raises(RunError, match="nothing is labelled"):
        Look(config.folder, tmp_path / "own").view()
