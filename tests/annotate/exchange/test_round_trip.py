"""What a format writes, it reads: rasters at random, regions, and names of all kinds."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from raysal.annotate.asked import Asked
from raysal.annotate.exchange.registry import FORMATS
from tests.support.asked_images import (
    IDS,
    asked_for,
    asked_image,
    random_raster,
    recognised,
    stored,
    take,
    write,
)

ODD_IDS = (
    "plain", "two words/\u00e4 b.c", "/absolute/x", "up/../x", "a//b", "ends/", "a__b", "a/b",
    "A/b", "q?x=1&y#z", "back\\slash", "50%", "a.png", "long" * 100, "\u65e5\u672c", "e\u0301",
    ".hidden/.x",
)  # fmt: skip


def handed_back(name: str, folder: Path) -> Path:
    """What was written, as the program would export it."""
    if name == "label-studio":
        tasks = json.loads((folder / "tasks.json").read_text())
        for task in tasks:
            predictions = task.pop("predictions", [])
            task["annotations"] = [{"result": p["result"]} for p in predictions]
        export = folder / "export.json"
        export.write_text(json.dumps(tasks))
        return export
    return folder / {"png": ".", "coco": "annotations.json", "cvat": "prelabels.zip"}[name]


def assert_round_trip(name: str, asked: Asked, seed: int, folder: Path) -> None:
    rasters = {
        image.image_id: random_raster(image, seed + number, len(asked.class_names))
        for number, image in enumerate(asked.images)
    }
    written = handed_back(name, write(FORMATS[name], asked, rasters, folder))
    assert recognised(written) == name
    rows = take(asked, written)
    assert {image: row.result for image, row in rows.items()} == dict.fromkeys(rasters, "taken")
    back = stored(asked)
    for image_id, raster in rasters.items():
        np.testing.assert_array_equal(back[image_id], raster, err_msg=image_id)
    assert {row.result for row in take(asked, written).values()} == {"unchanged"}
    assert len(list(asked.answers.rglob("*.png"))) == len(rasters)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("name", FORMATS)
def test_rasters_come_back(name: str, seed: int, tmp_path: Path) -> None:
    assert_round_trip(name, asked_for(tmp_path), 100 * seed, tmp_path / "out")


@pytest.mark.parametrize("name", FORMATS)
def test_names_of_all_kinds_come_back(name: str, tmp_path: Path) -> None:
    images = [asked_image(image_id, (5, 7 + n)) for n, image_id in enumerate(ODD_IDS)]
    assert_round_trip(name, asked_for(tmp_path, images), 7, tmp_path / "out")


@pytest.mark.parametrize("name", FORMATS)
def test_many_classes_and_a_single_pixel(name: str, tmp_path: Path) -> None:
    names = tuple(f"c{n}" for n in range(250))
    palette = tuple((n, 255 - n, 7) for n in range(250))
    images = [asked_image("one", (1, 1)), asked_image("row", (1, 300)), asked_image("x", (40, 50))]
    asked = asked_for(tmp_path, images, names, palette)
    rasters = {
        "one": np.full((1, 1), 249, np.uint8),
        "row": (np.arange(300) % 250).astype(np.uint8)[None],
        "x": random_raster(images[2], 0, 250),
    }
    source = handed_back(name, write(FORMATS[name], asked, rasters, tmp_path / "out"))
    assert {row.result for row in take(asked, source).values()} == {"taken"}
    for image_id, raster in rasters.items():
        np.testing.assert_array_equal(stored(asked)[image_id], raster)


@pytest.mark.parametrize("name", FORMATS)
def test_without_prelabels_the_classes_are_written(name: str, tmp_path: Path) -> None:
    asked = asked_for(tmp_path)
    folder = write(FORMATS[name], asked, {}, tmp_path / "out")
    text = b"".join(path.read_bytes() for path in sorted(folder.rglob("*.*")))
    assert name == "png" or b"sky" in text
    assert not (folder / "prelabels.zip").exists()
    assert FORMATS[name].steps(asked, folder)


def test_all_formats_are_here() -> None:
    assert sorted(FORMATS) == ["coco", "cvat", "label-studio", "png"]
    assert len(IDS) == 4
