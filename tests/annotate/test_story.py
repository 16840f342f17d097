"""From unlabelled photographs to a model, by the commands of the README.

A person who knows the hidden masks labels whole images as PNG files, or regions in a COCO file. The
labels, the choices and the models are those of the simulated annotator, bit for bit.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pycocotools import mask as coco_mask

from raysal.experiment.config import ExperimentConfig
from raysal.experiment.layout import RunLayout
from tests.experiment.test_people import REGIONS, same
from tests.support.commands import Raysal
from tests.support.people import Photographs, asking, simulated, take_photographs
from tests.support.shallow_network import MOBILENET
from tests.support.tiny_run import write_config

IMAGES = 24


@pytest.fixture(scope="module")
def photographs(tmp_path_factory: pytest.TempPathFactory) -> Photographs:
    return take_photographs(tmp_path_factory.mktemp("story"), images=IMAGES)


def label_png(folder: Path, photographs: Photographs) -> None:
    """Save a mask for each image."""
    for image in (folder / "images").iterdir():
        shutil.copy(photographs.masks / f"{image.stem}.png", folder / "masks")


def label_coco(folder: Path, photographs: Photographs) -> None:
    """Add an annotation for each class of each image, inside the regions that are asked."""
    file = folder / "annotations.json"
    content = json.loads(file.read_text())
    numbers = {category["name"]: category["id"] for category in content["categories"]}
    for image in content["images"]:
        truth = photographs.mask(Path(image["file_name"]).stem)
        asked = np.zeros(truth.shape, bool)
        for x, y, width, height in image.get("raysal_regions", [[0, 0, *truth.shape[::-1]]]):
            asked[y : y + height, x : x + width] = True
        for class_id, name in enumerate(photographs.classes):
            drawn = np.asfortranarray((truth == class_id) & asked, np.uint8)
            rle = coco_mask.encode(drawn)
            content["annotations"].append(
                {
                    "id": len(content["annotations"]) + 1,
                    "image_id": image["id"],
                    "category_id": numbers[name],
                    "iscrowd": 1,
                    "segmentation": {"size": rle["size"], "counts": rle["counts"].decode()},
                }
            )
    file.write_text(json.dumps(content))


Label = Callable[[Path, Photographs], None]
STORIES = pytest.mark.parametrize(
    ("kind", "label", "changes"),
    [("png", label_png, {}), ("coco", label_coco, REGIONS)],
    ids=["whole images through PNG", "regions through COCO"],
)


def tell(
    raysal: Raysal, config: ExperimentConfig, kind: str, label: Label, photographs: Photographs
) -> None:
    """Run, hand out, label and take back until the run is done."""
    root = config.folder
    file = write_config(config.folder.parent / "people.yaml", config)
    for turn in range(2):
        assert "waits for labels" in raysal("run", file, "--no-report").out
        folder = root.parent / f"to-label-{turn}"
        options = ["--prelabel"] if turn and kind == "png" else []
        raysal("ask", root, "--as", kind, "--out", folder, *options).done(f"raysal answer {root}")
        label(folder, photographs)
        raysal("answer", root, folder).done("0 of", "are still to be labelled")
    assert "done" in raysal("run", file, "--no-report").out


def check_story(
    raysal: Raysal,
    people: ExperimentConfig,
    masks: ExperimentConfig,
    kind: str,
    label: Label,
    photographs: Photographs,
) -> None:
    tell(raysal, people, kind, label, photographs)
    raysal("run", write_config(masks.folder.parent / "masks.yaml", masks), "--no-report")
    same(RunLayout(people.folder), RunLayout(masks.folder))


@STORIES
def test_in_one_process(
    kind: str,
    label: Label,
    changes: dict[str, Any],
    raysal: Raysal,
    photographs: Photographs,
    tmp_path: Path,
) -> None:
    people, masks = (make(tmp_path, photographs, **changes) for make in (asking, simulated))
    check_story(raysal, people, masks, kind, label, photographs)


@pytest.mark.slow
@pytest.mark.usefixtures("ray_session")
def test_on_ray(raysal: Raysal, photographs: Photographs, tmp_path: Path) -> None:
    """As the simulated annotator in this process."""
    # On some processors the number of threads shows in the last digits.
    changes = {**REGIONS, "model": {**MOBILENET, **REGIONS["model"]}, "engine": {"threads": 1}}
    people = asking(tmp_path, photographs, **{**changes, "engine": {"name": "ray", "threads": 1}})
    masks = simulated(tmp_path, photographs, **changes)
    check_story(raysal, people, masks, "coco", label_coco, photographs)
