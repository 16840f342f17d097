"""Labelling what `raysal select` has chosen."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from raysal.annotate.tool.export import Exported, export
from raysal.annotate.tool.workplaces.find import Place, find_workplace
from raysal.annotate.tool.workplaces.query import Query
from raysal.curate.query_folder import write_selected
from raysal.data.decode import IGNORE, decode_mask
from raysal.data.pool.sources import Source
from raysal.data.pool.writer import write_pool
from raysal.errors import ConfigError, DataError, RunError
from raysal.experiment.query import query_table
from raysal.progress import Silent
from tests.support.asked_images import image_file
from tests.support.labelling import served

OWN, SIZE = (60, 80), (30, 40)
CLASSES = ["road", "sky", "car"]


@pytest.fixture
def images(tmp_path: Path) -> Path:
    folder = tmp_path / "images"
    for name in ("a/1", "a/2", "b"):
        path = folder / f"{name}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(image_file(OWN))
    return folder


def query(folder: Path, regions: bool = False) -> Path:
    """Chosen as `raysal select` does."""
    columns: dict[str, Any] = {"image_id": ["b", "a/1", "b"], "score": [3.0, 2.0, 1.0]}
    if regions:
        columns |= {
            "row": [0, 10, 20], "col": [0, 10, 20],
            "height": [10] * 3, "width": [12] * 3, "pixels": [120] * 3,
        }  # fmt: skip
    rows = pa.table(columns)
    write_selected(folder, {"version": 1}, query_table(rows if regions else rows[:2], SIZE), SIZE)
    return folder


def opened(path: Path, images: Path | str, **more: Any) -> Query:
    found = find_workplace(Place(path, images=str(images), classes=CLASSES, **more), Silent())
    assert isinstance(found, Query)
    return found


def test_whole_images(tmp_path: Path, images: Path) -> None:
    place = opened(query(tmp_path / "query"), images)
    server = served(place)
    ann = server.person("Ann")
    found = ann.queue()
    assert [(i["id"], i["score"], i["whole"]) for i in found["images"]] == [
        ("b", 3.0, True),
        ("a/1", 2.0, True),
    ]
    assert ann.get(f"images/{server.key()}/picture").content == (images / "b.jpg").read_bytes()
    assert [c["name"] for c in ann.get("session").json()["classes"]] == CLASSES
    for index in range(2):
        assert ann.finish(index=index).json()["state"] == "done"
    assert (tmp_path / "query" / "answers" / "query").is_dir()
    server.desk.view(now=True)
    assert ann.queue()["run"]["state"] == "finished"


def test_regions_are_of_the_size_that_was_scored(tmp_path: Path, images: Path) -> None:
    place = opened(query(tmp_path / "query", regions=True), images)
    ann = served(place).person("Ann")
    assert ann.about()["rectangles"] == [[0, 0, 20, 24], [40, 40, 20, 24]]
    assert ann.about()["scores"] == [3.0, 1.0]
    assert ann.queue()["progress"]["unit"] == "regions"
    assert ann.queue()["progress"]["of"] == 3


def test_the_file_of_a_query_alone(tmp_path: Path, images: Path) -> None:
    folder = query(tmp_path / "query")
    file = folder / "query.parquet"
    (folder / "selection.json").unlink()
    place = opened(file, images, out=tmp_path / "mine")
    assert [image.image_id for image in place.view().asked.images] == ["b", "a/1"]
    served(place).person("Ann").finish()
    assert (tmp_path / "mine" / "query").is_dir()


def test_a_pool_that_names_its_images(tmp_path: Path, images: Path) -> None:
    paths = {i: images / f"{i}.jpg" for i in ("a/1", "a/2", "b")}
    sources = [Source(i, path.read_bytes, str(path)) for i, path in paths.items()]
    write_pool(sources, str(tmp_path / "pool"))
    place = opened(query(tmp_path / "query"), tmp_path / "pool")
    server = served(place)
    found = server.person("Ann").get(f"images/{server.key(1)}/picture")
    assert found.content == (images / "a/1.jpg").read_bytes()


def test_it_goes_on_where_it_was(tmp_path: Path, images: Path) -> None:
    folder = query(tmp_path / "query")
    served(opened(folder, images)).person("Ann").finish()
    again = served(opened(folder, images)).person("Ann").queue()
    assert [image["state"] for image in again["images"]] == ["done", "open"]


def test_ids_keep_their_meaning(tmp_path: Path, images: Path) -> None:
    path = query(tmp_path / "query")
    opened(path, images).start()

    def again(classes: list[str] | None) -> tuple[str, ...]:
        place = Place(path, images=str(images), classes=classes)
        return find_workplace(place, Silent()).class_names

    assert again(None) == tuple(CLASSES)
    assert again([*CLASSES, "new"]) == (*CLASSES, "new")
    for other in (["sky", "road", "car"], CLASSES[:2]):
        with pytest.raises(ConfigError, match="are of the classes road,sky,car"):
            again(other)


def test_export(tmp_path: Path, images: Path) -> None:
    place = opened(query(tmp_path / "query", regions=True), images)
    with pytest.raises(RunError, match="nothing is finished"):
        export(place.view().asked, tmp_path / "out", Silent())
    ann = served(place).person("Ann")
    raster = np.full(OWN, IGNORE, np.uint8)
    raster[:20, :24] = 2
    ann.finish(raster, seconds=5)
    ann.save(state="unusable", note="=cmd()", index=1)
    assert export(place.view().asked, tmp_path / "out", Silent()) == Exported(1, 1, 0)
    np.testing.assert_array_equal(decode_mask((tmp_path / "out/masks/b.png").read_bytes()), raster)
    with (tmp_path / "out" / "answers.csv").open(encoding="utf-8-sig") as file:
        rows = {row["image_id"]: row for row in csv.DictReader(file)}
    assert rows["b"]["file"] == "masks/b.png"
    assert (rows["a/1"]["file"], rows["a/1"]["note"]) == ("", "'=cmd()")
    names = (tmp_path / "out" / "classes.csv").read_text("utf-8-sig").splitlines()
    assert [line.split(",")[:2] for line in names[1:3]] == [["0", "road"], ["1", "sky"]]
    with pytest.raises(RunError, match="out' holds an earlier export; remove it first, or give"):
        export(place.view().asked, tmp_path / "out", Silent())
    (tmp_path / "out" / "mine.txt").touch()
    with pytest.raises(RunError, match=r"holds files .*; choose an empty or new folder for masks"):
        export(place.view().asked, tmp_path / "out", Silent())


def test_mistakes(tmp_path: Path, images: Path) -> None:
    folder = query(tmp_path / "query")
    for place, message in (
        (Place(folder), "--images FOLDER"),
        (Place(folder, images=str(images)), "--classes road,sky,car"),
        (Place(folder, images=str(images), classes=["a"]), "give 2 to 255"),
        (Place(folder, images=str(images), classes=["a", "a"]), "given twice"),
        (Place(folder, images=str(images), classes=["a", ""]), "a name is empty"),
        (Place(demo=True, images="x"), "--images is for a query"),
        (Place(), "or --demo"),
        (Place(folder, demo=True), "or --demo"),
    ):
        with pytest.raises(ConfigError, match=message):
            find_workplace(place, Silent())
    (images / "b.jpg").unlink()
    with pytest.raises(DataError, match=r"asks for 'b', not in .*images"):
        opened(folder, images)
    (folder / "query.parquet").write_bytes(b"PAR1")
    with pytest.raises(DataError, match="damaged"):
        opened(folder, images)


def test_a_configuration_is_no_query(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("name: mine")
    with pytest.raises(ConfigError, match="give the folder of its run"):
        find_workplace(Place(path), Silent())
