"""CVAT's "Segmentation mask 1.1", and what people hand in for it."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

import numpy as np
import pytest

from raysal.annotate.asked import Asked
from raysal.annotate.exchange.cvat_labels import colours_of
from raysal.annotate.exchange.registry import FORMATS
from raysal.data.decode import encode_jpeg, encode_png
from raysal.errors import DataError
from tests.support.asked_images import (
    asked_for,
    asked_image,
    random_raster,
    recognised,
    stored,
    take,
    write,
)

IMAGE = asked_image("a/i", (6, 8))
RASTER = random_raster(IMAGE, 1, 3)
LABEL_MAP = "# label:color_rgb:parts:actions\nbackground:0,0,0::\nsky:9,9,9::\nroad:8,0,0::\n"
COLOURS = np.zeros((256, 3), np.uint8)
COLOURS[:3] = (9, 9, 9), (8, 0, 0), (1, 1, 1)


@pytest.fixture
def asked(tmp_path: Path) -> Asked:
    return asked_for(tmp_path, [IMAGE], ("Sky", "road", "car"))


def export(tmp_path: Path, files: dict[str, bytes | str], root: str = "") -> Path:
    path = tmp_path / "export.zip"
    with zipfile.ZipFile(path, "w") as file:
        for name, data in files.items():
            file.writestr(root + name, data)
    return path


def mask(raster: np.ndarray) -> bytes:
    return encode_png(COLOURS[raster])


@pytest.mark.parametrize("root", ["", "task_3/"])
def test_colours_are_those_of_the_label_map(root: str, asked: Asked, tmp_path: Path) -> None:
    raster = np.where(RASTER == 2, 255, RASTER)
    files = {
        "labelmap.txt": LABEL_MAP,
        "SegmentationClass/a/i.png": mask(raster),
        "SegmentationObject/a/i.png": mask(raster * 0 + 2),
        "ImageSets/Segmentation/default.txt": "a/i\n",
    }
    path = export(tmp_path, files, root)
    assert recognised(path) == "cvat"
    (row,) = take(asked, path).values()
    assert row.result == "taken"
    np.testing.assert_array_equal(stored(asked)["a/i"], raster)


def test_a_label_map_without_colours_has_those_of_voc(asked: Asked, tmp_path: Path) -> None:
    files = {
        "labelmap.txt": "background:::\nSky:::\nroad:::\n",
        "SegmentationClass/i.png": encode_png(
            np.array([(128, 0, 0), (0, 128, 0), (0, 0, 0)], np.uint8)[RASTER.clip(0, 2)]
        ),
    }
    take(asked, export(tmp_path, files))
    expected = np.array([0, 1, 255], np.uint8)[RASTER.clip(0, 2)]
    np.testing.assert_array_equal(stored(asked)["a/i"], expected)


def test_a_label_that_is_no_class(asked: Asked, tmp_path: Path) -> None:
    """It does not matter as long as nothing is labelled so."""
    files = {"labelmap.txt": LABEL_MAP + "dog:1,1,1::\n", "SegmentationClass/i.png": mask(RASTER)}
    (row,) = take(asked, export(tmp_path, files)).values()
    reason = "class 'dog' is not one of the run's; known: Sky, car, road"
    assert (row.result, row.remark) == ("not taken", reason)
    files["SegmentationClass/i.png"] = mask(np.where(RASTER == 2, 1, RASTER))
    (row,) = take(asked, export(tmp_path, files)).values()
    assert row.result == "taken"


def test_background_may_be_a_class(tmp_path: Path) -> None:
    """What is not labelled comes back as it; without anything else, nothing was labelled."""
    asked = asked_for(tmp_path, [IMAGE], ("sky", "Background"))
    assert next(iter(colours_of(asked).items())) == ("Background", (0, 0, 0))
    files = {
        "labelmap.txt": LABEL_MAP,
        "SegmentationClass/i.png": mask(np.where(RASTER == 0, 0, 255)),
    }
    take(asked, export(tmp_path, files))
    np.testing.assert_array_equal(stored(asked)["a/i"], np.where(RASTER == 0, 0, 1))
    files["SegmentationClass/i.png"] = mask(RASTER * 0 + 255)
    (row,) = take(asked, export(tmp_path, files)).values()
    assert (row.result, "nothing is drawn" in row.remark) == ("not taken", True)
    (row,) = take(asked, export(tmp_path, files), also_empty=True).values()
    assert row.result == "taken"


def test_background_as_a_prelabel(tmp_path: Path) -> None:
    asked = asked_for(tmp_path, [IMAGE], ("sky", "background"))
    folder = write(FORMATS["cvat"], asked, {"a/i": RASTER % 2}, tmp_path / "out")
    take(asked, folder / "prelabels.zip")
    np.testing.assert_array_equal(stored(asked)["a/i"], RASTER % 2)
    assert any("comes back as the class" in s for s in FORMATS["cvat"].steps(asked, folder))


def test_equal_and_black_colours_are_changed(tmp_path: Path) -> None:
    palette = ((0, 0, 0), (5, 5, 5), (5, 5, 5))
    asked = asked_for(tmp_path, [IMAGE], ("a", "b", "c"), palette)
    colours = list(colours_of(asked).values())
    assert len(set(colours)) == 3
    assert (0, 0, 0) not in colours
    folder = write(FORMATS["cvat"], asked, {"a/i": RASTER}, tmp_path / "out")
    take(asked, folder / "prelabels.zip")
    np.testing.assert_array_equal(stored(asked)["a/i"], RASTER)


@pytest.mark.parametrize("name", ["a:b", "#a", " a", "a\nb"])
def test_names_that_the_label_map_cannot_hold(name: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="CVAT's label map cannot hold the class name"):
        colours_of(asked_for(tmp_path, [IMAGE], (name, "b")))


KNOWN = np.where(RASTER == 2, 1, RASTER)
ROWS = {
    "objects for classes": (mask(RASTER), "was SegmentationObject handed in for"),
    "JPEG": (encode_jpeg(COLOURS[RASTER]), "must be stored without loss"),
    "another size": (mask(KNOWN[:, :4]), "the answer is 6x4, the image 6x8"),
    "turned": (mask(KNOWN.T.copy()), "without its EXIF orientation"),
    "nothing": (mask(RASTER * 0 + 255), "nothing is drawn on it"),
    "damaged": (mask(KNOWN)[:-40], "truncated or damaged"),
}


@pytest.mark.parametrize("case", ROWS)
def test_what_is_wrong_is_said_in_a_row(case: str, asked: Asked, tmp_path: Path) -> None:
    data, reason = ROWS[case]
    files = {"labelmap.txt": LABEL_MAP, "SegmentationClass/i.png": data}
    (row,) = take(asked, export(tmp_path, files)).values()
    assert row.result == "not taken"
    assert re.search(reason, row.remark), row


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ({"labelmap.txt": "sky:9,9::\n"}, "line 1 is 'sky:9,9::', not name:red,green,blue"),
        ({"labelmap.txt": "sky\n"}, "line 1 is 'sky', not name"),
        ({"labelmap.txt": "sky:1,1,1::\nroad:1,1,1::\n"}, "line 2: two labels have the colour"),
        ({"labelmap.txt": LABEL_MAP}, "export.zip has no masks in SegmentationClass/"),
        ({"labelmap.txt": LABEL_MAP, "SegmentationObject/i.png": b""}, "tell objects apart, not"),
        ({"a/labelmap.txt": "", "b/labelmap.txt": ""}, "has 2 exports (a/labelmap.txt, b/"),
        (
            {"annotations.xml": "<annotations/>", "images/i.png": b""},
            "an export as CVAT for images",
        ),
        ({"data.yaml": "", "labels/i.txt": ""}, "is an export as YOLO; export it from CVAT as"),
        ({"notes.txt": ""}, "holds no labels that are known"),
    ],
)
def test_files_that_are_wrong(
    files: dict[str, bytes | str], reason: str, asked: Asked, tmp_path: Path
) -> None:
    with pytest.raises(DataError, match=re.escape(reason)):
        take(asked, export(tmp_path, files))
