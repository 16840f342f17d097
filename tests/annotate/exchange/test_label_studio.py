"""Label Studio's export, and everything that is wrong with one."""

from __future__ import annotations

import base64
import copy
import io
import json
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from raysal.annotate.asked import Asked
from raysal.annotate.exchange.label_studio_tasks import interface
from raysal.annotate.exchange.registry import FORMATS
from raysal.annotate.exchange.rle_pack import encode_mask
from raysal.errors import DataError
from tests.support.asked_images import (
    NAMES,
    asked_for,
    asked_image,
    random_raster,
    recognised,
    stored,
    take,
    write,
)

SIZE = (6, 8)
SQUARE = np.zeros(SIZE, bool)
SQUARE[1:4, 2:6] = True
LOWER = np.zeros(SIZE, bool)
LOWER[3:] = True


def region(value: dict[str, Any], kind: str = "brushlabels", **more: Any) -> dict[str, Any]:
    frame = {"original_width": 8, "original_height": 6, "image_rotation": 0}
    head = {"id": "x", "type": kind, "from_name": "classes", "to_name": "image"}
    return {**head, **frame, "value": value, **more}


def brush(mask: np.ndarray, name: str = "sky", **more: Any) -> dict[str, Any]:
    value = {"format": "rle", "rle": encode_mask(mask), "brushlabels": [name]}
    return region(value, **more)


def bitmask(mask: np.ndarray, mode: str = "RGBA") -> dict[str, Any]:
    alpha = mask.astype(np.uint8) * 255
    pixels = np.dstack([alpha * 0, alpha * 0, alpha * 0, alpha]) if mode == "RGBA" else alpha
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, format="PNG")
    url = "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()
    return region({"imageDataURL": url, "bitmasklabels": ["sky"]}, "bitmasklabels")


def annotation(*result: Any, **more: Any) -> dict[str, Any]:
    return {"id": 5, "result": list(result), "completed_by": 3, "lead_time": 12.5, **more}


def task(*annotations: Any, **data: Any) -> dict[str, Any]:
    return {"id": 1, "data": data or {"raysal_id": "i"}, "annotations": list(annotations)}


def export(tmp_path: Path, value: Any, name: str = "export.json") -> Path:
    path = tmp_path / name
    path.write_text(value if isinstance(value, str) else json.dumps(value))
    return path


@pytest.fixture
def asked(tmp_path: Path) -> Asked:
    return asked_for(tmp_path, [asked_image("i", SIZE)])


DRAWN = {
    "brush": brush(SQUARE),
    "bitmask": bitmask(SQUARE),
    "grey bitmask": bitmask(SQUARE, "L"),
    "polygon": region(
        {"points": [[25, 100 / 6], [75, 100 / 6], [75, 400 / 6], [25, 400 / 6]],
         "polygonlabels": ["sky"]}, "polygonlabels"
    ),
    "rectangle": region(
        {"x": 25, "y": 100 / 6, "width": 50, "height": 50, "rotation": 0,
         "rectanglelabels": [" SKY "]}, "rectanglelabels"
    ),
    "labels": region({"format": "rle", "rle": encode_mask(SQUARE), "labels": ["sky"]}, "labels"),
}  # fmt: skip


@pytest.mark.parametrize("case", DRAWN)
def test_what_is_drawn(case: str, asked: Asked, tmp_path: Path) -> None:
    path = export(tmp_path, [task(annotation(DRAWN[case]))])
    assert recognised(path) == "label-studio"
    (row,) = take(asked, path).values()
    assert (row.result, row.image) == ("taken", "i"), row
    np.testing.assert_array_equal(stored(asked)["i"], np.where(SQUARE, 0, 255))
    answer = asked.store(asked.images[0]).current("i")
    assert answer is not None
    assert (answer.annotator, answer.seconds, answer.tool) == ("user 3", 12.5, "label-studio")


def test_a_region_and_its_class_in_two_items(asked: Asked, tmp_path: Path) -> None:
    shape = region({"format": "rle", "rle": encode_mask(SQUARE)}, "brush")
    path = export(tmp_path, [task(annotation(shape, region({"labels": ["car"]}, "labels")))])
    take(asked, path)
    np.testing.assert_array_equal(stored(asked)["i"], np.where(SQUARE, 3, 255))


def test_later_strokes_lie_on_top(asked: Asked, tmp_path: Path) -> None:
    strokes = brush(SQUARE), brush(LOWER, "car"), brush(SQUARE & ~LOWER)
    (row,) = take(asked, export(tmp_path, [task(annotation(*strokes))])).values()
    assert row.remark.startswith("4 pixels claimed twice")
    expected = np.where(LOWER, 3, np.where(SQUARE, 0, 255))
    np.testing.assert_array_equal(stored(asked)["i"], expected)


def test_half_covered_pixels_and_faint_masks(asked: Asked, tmp_path: Path) -> None:
    """The border of a stroke is smooth; the masks of other tools have 1 for 255."""
    for values, expected in (([255, 128, 127, 1], [1, 1, 0, 0]), ([1, 1, 0, 0], [1, 1, 0, 0])):
        alpha = np.zeros(SIZE, np.uint8)
        alpha[0, :4] = values
        bits = f"{4 * 48:032b}00111" + "0010001101111111" + f"011{4 * 48 - 1:016b}"
        bits = bits.replace("011", "011", 1) + "".join(f"{v:08b}" * 4 for v in alpha.ravel())
        bits += "0" * (-len(bits) % 8)
        code = [int(bits[n : n + 8], 2) for n in range(0, len(bits), 8)]
        stroke = region({"format": "rle", "rle": code, "brushlabels": ["sky"]})
        take(asked, export(tmp_path, [task(annotation(stroke))]))
        assert (stored(asked)["i"][0, :4] == 0).tolist() == [bool(n) for n in expected]


@pytest.mark.parametrize(
    "data",
    [
        {"raysal_id": "i", "image": "x"},
        {"image": "/data/upload/1/0a1b2c3d-i.jpg"},
        {"image": "/data/local-files/?d=out/images/i.jpg"},
        {"photo": "https://example.org/i.jpg?x=y"},
    ],
)
def test_the_image_of_a_task(data: dict[str, str], asked: Asked, tmp_path: Path) -> None:
    (row,) = take(asked, export(tmp_path, [task(annotation(brush(SQUARE)), **data)])).values()
    assert row.result == "taken"


def test_the_latest_of_several_annotations_counts(asked: Asked, tmp_path: Path) -> None:
    later = annotation(
        brush(LOWER), updated_at="2026-01-02T00:00:00Z", completed_by={"email": "a@b"}
    )
    earlier = annotation(brush(SQUARE), updated_at="2026-01-01T00:00:00Z")
    skipped = annotation(brush(SQUARE), updated_at="2026-01-03T00:00:00Z", was_cancelled=True)
    (row,) = take(asked, export(tmp_path, [task(later, skipped), task(earlier)])).values()
    assert row.remark.startswith("the latest of 2 annotations counts")
    np.testing.assert_array_equal(stored(asked)["i"], np.where(LOWER, 0, 255))
    assert take(asked, tmp_path / "export.json")["i"].result == "unchanged"
    answer = asked.store(asked.images[0]).current("i")
    assert answer is not None
    assert answer.annotator == "a@b"


def test_an_image_that_cannot_be_labelled(asked: Asked, tmp_path: Path) -> None:
    choice = region({"choices": ["cannot be labelled"]}, "choices", from_name="unusable")
    path = export(tmp_path, [task(annotation(choice))])
    assert [take(asked, path)["i"].result for _ in range(2)] == ["taken", "unchanged"]
    answer = asked.store(asked.images[0]).current("i")
    assert answer is not None
    assert (answer.state, answer.raster, answer.note) == ("unusable", None, "cannot be labelled")


TURNED = {**brush(SQUARE), "original_width": 6, "original_height": 8}
ROWS: dict[str, tuple[Any, str]] = {
    "not labelled": (task(), "not labelled in Label Studio yet"),
    "skipped": (task(annotation(brush(SQUARE), was_cancelled=True)), "skipped in Label Studio"),
    "empty": (task(annotation()), "nothing is drawn on it"),
    "another project": (task(annotation(brush(SQUARE)), image="/data/upload/1/j.jpg"), "no image"),
    "no image": (task(annotation(brush(SQUARE)), x=3), "no image '' is asked for"),
    "unknown class": (task(annotation(brush(SQUARE), brush(LOWER, "ca"))), "class 'ca' is not"),
    "no class": (task(annotation(region({"rle": []}, "brush"))), "a region has 0 classes"),
    "two classes": (
        task(annotation(region({"rle": [], "brushlabels": ["sky", "car"]}))), "a region has 2"
    ),
    "ellipse": (
        task(annotation(region({"x": 1, "radiusX": 2, "ellipselabels": ["sky"]}, "ellipselabels"))),
        "ellipselabels cannot be taken; draw with the brush",
    ),
    "turned rectangle": (
        task(annotation({**DRAWN["rectangle"],
                         "value": {**DRAWN["rectangle"]["value"], "rotation": 5}})),
        "a turned rectangle cannot be taken",
    ),
    "turned": (task(annotation(TURNED)), "without its EXIF orientation?"),
    "turned in the program": (
        task(annotation({**brush(SQUARE), "image_rotation": 90})), "turned in Label Studio"
    ),
    "RLE of another size": (task(annotation(brush(SQUARE[:5]))), "160 values, but 4 x 6 x 8"),
    "bitmask of another size": (task(annotation(bitmask(SQUARE[:5]))), "a bitmask is 5x8"),
    "no data URL": (
        task(annotation(region({"imageDataURL": "x", "bitmasklabels": ["sky"]}, "bitmasklabels"))),
        "a bitmask is not a PNG data URL",
    ),
    "no base64": (
        task(annotation(region({"imageDataURL": "data:image/png;base64,?",
                                "bitmasklabels": ["sky"]}, "bitmasklabels"))),
        "a bitmask is not a PNG data URL",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", ROWS)
def test_what_is_wrong_is_said_in_a_row(case: str, asked: Asked, tmp_path: Path) -> None:
    value, reason = ROWS[case]
    (row,) = take(asked, export(tmp_path, [value])).values()
    assert row.result == "not taken"
    assert reason in row.remark
    assert stored(asked) == {}


MIN = [{"image": "/data/upload/1/i.jpg", "tag": [{"format": "rle", "rle": [1]}], "id": 1}]


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("x.json", json.dumps(MIN), "x.json is Label Studio's export as JSON-MIN"),
        ("x.json", '[{"a": 1}]', "x.json holds no tasks of Label Studio"),
        ("x.json", "[[1]]", "x.json holds no tasks of Label Studio"),
        ("x.json", '[{"data": {"image": "i.jpg"}', "x.json is truncated or damaged"),
        ("x.csv", "image,id,tag,annotator,annotation_id,created_at,lead_time\n", "export as JSON"),
    ],
)
def test_files_that_are_wrong(
    name: str, text: str, reason: str, asked: Asked, tmp_path: Path
) -> None:
    with pytest.raises(DataError, match=re.escape(reason)):
        take(asked, export(tmp_path, text, name))


def test_values_of_any_kind_do_not_crash(asked: Asked, tmp_path: Path) -> None:
    """Each part of a task in turn is something else."""
    good = task(annotation(brush(SQUARE), DRAWN["polygon"], bitmask(LOWER)))
    for wrong in (None, [], {}, "x", -1, [[]], [None], [{}]):
        for level in range(4):
            for key in _at(good, level):
                value = copy.deepcopy(good)
                _at(value, level)[key] = wrong
                try:
                    rows = take(asked, export(tmp_path, [value])).values()
                except DataError:
                    continue
                assert all(row.remark or row.result != "not taken" for row in rows)


def _at(value: dict[str, Any], level: int) -> dict[str, Any]:
    parts = (value, value["annotations"][0], value["annotations"][0]["result"][0],
             value["annotations"][0]["result"][0]["value"])  # fmt: skip
    return parts[level]


def test_the_interface_names_classes_with_markup(tmp_path: Path) -> None:
    names = (*NAMES, "two\nlines", "'")
    asked = asked_for(tmp_path, [asked_image("i")], names, tuple((n, 1, 2) for n in range(6)))
    root = ElementTree.fromstring(interface(asked))
    assert tuple(label.get("value") for label in root.iterfind("BrushLabels/Label")) == names
    assert root.find("RectangleLabels") is None


def test_regions_are_shown_as_rectangles_and_are_no_labels(tmp_path: Path) -> None:
    image = asked_image("i", SIZE, [(1, 2, 3, 4)])
    asked = asked_for(tmp_path, [image])
    assert 'name="asked"' in interface(asked)
    raster = random_raster(image, 0)
    folder = write(FORMATS["label-studio"], asked, {"i": raster}, tmp_path / "out")
    (written,) = json.loads((folder / "tasks.json").read_text())
    (prediction,) = written["predictions"]
    shown = prediction["result"][0]
    assert (shown["type"], shown["readonly"]) == ("rectanglelabels", True)
    assert shown["value"]["x"] == 25
    assert shown["value"]["height"] == 50
    only = task(annotation(shown))
    assert "nothing is drawn" in take(asked, export(tmp_path, [only]))["i"].remark
