"""Names of annotators, pictures and classes that files and settings bring along."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest

from raysal.annotate.ask import Options, hand_out, steps
from raysal.annotate.exchange.registry import FORMATS
from raysal.annotate.exchange.rle_pack import encode_mask
from raysal.progress import Silent
from tests.support.asked_images import (
    asked_for,
    asked_image,
    random_raster,
    stored,
    take,
    write,
)

IMAGE = asked_image("i", (6, 8))
NAMES = ("<b>x</b>", "=1+1", "[red]]]>", "%s {0} $x", "-\u202ex")
RASTER = random_raster(IMAGE, 3, len(NAMES))
UGLY, SHOWN = "\x1b[31mred\n\r<b>\ud800\u202e@x.org ", "\\x1b[31mred <b>\\ud800\\u202e@x.org"


def label_studio(tmp_path: Path, **about: Any) -> Path:
    """An export with one annotation."""
    value = {"rle": encode_mask(np.ones((6, 8), bool)), "format": "rle", "brushlabels": ["sky"]}
    result = [{"id": "x", "type": "brushlabels", "from_name": "classes", "value": value}]
    annotation = {"id": 1, "result": result, **about}
    path = tmp_path / "export.json"
    path.write_text(
        json.dumps([{"id": 1, "data": {"raysal_id": "i"}, "annotations": [annotation]}])
    )
    return path


def test_an_annotator_in_a_file(tmp_path: Path) -> None:
    asked = asked_for(tmp_path, [IMAGE])
    file = label_studio(tmp_path, completed_by={"email": UGLY})
    assert [take(asked, file)["i"].result for _ in range(2)] == ["taken", "unchanged"]
    head = asked.store(IMAGE).current_head("i")
    assert head is not None
    assert head.annotator == SHOWN


def test_an_annotator_as_an_option(tmp_path: Path) -> None:
    asked = asked_for(tmp_path, [IMAGE])
    file = label_studio(tmp_path)
    options = {"annotator": UGLY + "x" * 500}
    assert [take(asked, file, **options)["i"].result for _ in range(2)] == ["taken", "unchanged"]
    head = asked.store(IMAGE).current_head("i")
    assert head is not None
    assert head.annotator.startswith(SHOWN + " xx")
    assert len(head.annotator) == 200


@pytest.mark.parametrize(
    ("lead_time", "seconds"),
    [(3, 3.0), (0, 0.0), (-4, None), (10**400, None), (float("nan"), None), ("3", None)],
)
def test_working_times(lead_time: object, seconds: float | None, tmp_path: Path) -> None:
    asked = asked_for(tmp_path, [IMAGE])
    take(asked, label_studio(tmp_path, lead_time=lead_time))
    head = asked.store(IMAGE).current_head("i")
    assert head is not None
    assert head.seconds == seconds


@pytest.mark.parametrize("name", FORMATS)
def test_class_names_go_out_and_come_back(name: str, tmp_path: Path) -> None:
    palette = [(9 * n, 7, n) for n in range(len(NAMES))]
    asked = asked_for(tmp_path, [IMAGE], NAMES, tuple(palette))
    out = tmp_path / "out"
    hand_out(asked, FORMATS[name], out, Options(), Silent())
    with (out / "classes.csv").open(encoding="utf-8-sig", newline="") as file:
        found = [row["name"] for row in csv.DictReader(file)]
    assert found[:-1] == ["<b>x</b>", "'=1+1", "[red]]]>", "%s {0} $x", "'-\u202ex"]
    if name == "label-studio":
        labels = ElementTree.parse(out / "labels.xml").iter("Label")
        assert tuple(label.get("value") for label in labels) == NAMES
    if name == "cvat":
        labels_json = json.loads((out / "labels.json").read_text())
        assert tuple(label["name"] for label in labels_json) == NAMES
    assert steps(asked, FORMATS[name], out, Options())
    folder = write(FORMATS[name], asked, {"i": RASTER}, tmp_path / "written")
    source = {"label-studio": "tasks.json", "cvat": "prelabels.zip"}.get(name, ".")
    if name == "label-studio":
        tasks = json.loads((folder / source).read_text())
        tasks[0]["annotations"] = tasks[0].pop("predictions")
        (folder / source).write_text(json.dumps(tasks))
    assert take(asked, folder / source)["i"].result == "taken"
    np.testing.assert_array_equal(stored(asked)["i"], RASTER)
