"""COCO and CVAT files, read and written by datumaro, the library that CVAT uses for both."""

from __future__ import annotations

import json
import shutil
import subprocess
import zipfile
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
    sheets,
    stored,
    take,
    write,
)
from tests.support.client_environment import client_environment

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]
REQUIREMENT = "datumaro==1.13.12"

# Reads a data set, says what is drawn on each image, and writes it again in other formats.
CONVERT = """
import json, sys
import numpy as np
from datumaro import AnnotationType, Dataset

source, kind, result, *outs = sys.argv[1:]
dataset = Dataset.import_from(source, kind)
names = [label.name for label in dataset.categories()[AnnotationType.label].items]
found = {}
for item in dataset:
    for annotation in item.annotations:
        if annotation.type == AnnotationType.mask:
            places = np.flatnonzero(np.asarray(annotation.image)).tolist()
            found.setdefault(item.id, []).append([names[annotation.label], places])
with open(result, "w") as file:
    json.dump(found, file)
for out in outs:
    folder, kind = out.rsplit("=", 1)
    more = {"label_map": "source"} if kind == "voc_segmentation" else {}
    dataset.export(folder, kind, save_media=True, **more)
"""


@pytest.fixture(scope="module")
def python() -> Path:
    return client_environment(REQUIREMENT) / "python"


@pytest.fixture
def asked(tmp_path: Path) -> Asked:
    regions = ((2, 3, 8, 9), (12, 20, 10, 16))
    return asked_for(
        tmp_path, [asked_image(i, rectangles=regions if i == "c 1" else ()) for i in IDS]
    )


@pytest.fixture
def rasters(asked: Asked) -> dict[str, np.ndarray]:
    return {image.image_id: random_raster(image, n) for n, image in enumerate(asked.images)}


def written(name: str, asked: Asked, rasters: dict[str, np.ndarray], folder: Path) -> Path:
    """The files of a format, laid out as the program keeps them on disk."""
    write(FORMATS[name], asked, rasters, folder)
    pictures = folder / {"coco": "images", "cvat": "JPEGImages"}[name]
    for sheet in sheets(asked, rasters, FORMATS[name].flat):
        path = pictures / sheet.file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(sheet.image.read())
    if name == "coco":
        (folder / "annotations").mkdir()
        shutil.move(folder / "annotations.json", folder / "annotations" / "instances_default.json")
    else:
        with zipfile.ZipFile(folder / "prelabels.zip") as archive:
            archive.extractall(folder)
    return folder


@pytest.mark.parametrize(
    ("name", "kind", "outs"),
    [
        ("coco", "coco_instances", ["coco_instances", "coco_panoptic", "voc_segmentation"]),
        ("cvat", "voc_segmentation", ["voc_segmentation", "coco_instances"]),
    ],
)
def test_rasters_through_datumaro(
    name: str,
    kind: str,
    outs: list[str],
    python: Path,
    asked: Asked,
    rasters: dict[str, np.ndarray],
    tmp_path: Path,
) -> None:
    source = written(name, asked, rasters, tmp_path / "source")
    result = tmp_path / "found.json"
    arguments = [f"{tmp_path / out}={out}" for out in outs]
    done = subprocess.run(
        [python, "-c", CONVERT, source, kind, result, *arguments],
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(result.read_text())
    stems = [s.file.removesuffix(".jpg") for s in sheets(asked, rasters, FORMATS[name].flat)]
    for image, stem in zip(asked.images, stems, strict=True):
        drawn = np.full(image.size, 255, np.uint8)
        for label, places in found[stem]:
            drawn.ravel()[places] = asked.class_names.index(label)
        np.testing.assert_array_equal(drawn, rasters[image.image_id])
    for number, out in enumerate(outs):
        assert recognised(tmp_path / out) == ("cvat" if out.startswith("voc") else "coco")
        rows = take(asked, tmp_path / out, annotator=f"number {number}")
        assert {i: r.result for i, r in rows.items()} == dict.fromkeys(rasters, "taken"), rows
        for image_id, raster in stored(asked).items():
            np.testing.assert_array_equal(raster, rasters[image_id], err_msg=out)
