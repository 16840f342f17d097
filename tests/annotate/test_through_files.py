"""From unlabelled photographs to a trained model, with files in between: as with masks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from raysal.annotate.exchange.coco_rle import encode
from raysal.annotate.of_run import asked_of
from raysal.data.decode import IGNORE, encode_png
from raysal.experiment.layout import RunLayout
from tests.experiment.test_people import REGIONS, run, same
from tests.support.commands import Raysal
from tests.support.people import Photographs, asking, simulated, take_photographs
from tests.support.tiny_run import write_config


def label_png(photographs: Photographs, root: Path, folder: Path) -> Path:
    """Save a mask for each picture."""
    asked = asked_of(root)
    for image in asked.images:
        mask = photographs.drawn(asked, image.image_id)
        (folder / "masks" / f"{image.image_id}.png").write_bytes(encode_png(mask))
    return folder


def label_coco(photographs: Photographs, root: Path, folder: Path) -> Path:
    """Add annotations to the file, as a program that opens and saves it does."""
    asked = asked_of(root)
    value = json.loads((folder / "annotations.json").read_text())
    for image in value["images"]:
        del image["raysal_id"]
        raster = photographs.drawn(asked, Path(image["file_name"]).stem)
        for class_id in np.unique(raster[raster != IGNORE]).tolist():
            value["annotations"].append(
                {
                    "id": len(value["annotations"]),
                    "image_id": image["id"],
                    "category_id": class_id + 1,
                    "segmentation": encode(raster == class_id),
                }
            )
    (folder / "export.json").write_text(json.dumps(value))
    return folder / "export.json"


LABEL = {"png": label_png, "coco": label_coco}
CASES = [
    pytest.param("png", {}, "local", id="images-png-local"),
    pytest.param("coco", REGIONS, "local", id="regions-coco-local"),
    pytest.param("png", {}, "ray", id="images-png-ray"),
    pytest.param("coco", REGIONS, "ray", id="regions-coco-ray"),
]


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize(("kind", "changes", "engine"), CASES)
def test_the_model_is_that_of_the_hidden_masks(
    kind: str,
    changes: dict[str, Any],
    engine: str,
    raysal: Raysal,
    tmp_path: Path,
    request: pytest.FixtureRequest,
) -> None:
    if engine == "ray":
        request.getfixturevalue("ray_session")
        changes = {**changes, "engine": {"name": "ray"}}
    photographs = take_photographs(tmp_path)
    config = asking(tmp_path, photographs, **changes)
    file = write_config(tmp_path / "people.yaml", config)
    for part in range(10):
        if "waits for labels" not in raysal("run", file, "--no-report").done():
            break
        folder = tmp_path / f"out {part}"
        raysal("ask", config.folder, "--as", kind, "--out", folder).done()
        export = LABEL[kind](photographs, config.folder, folder)
        assert "not taken" not in raysal("answer", config.folder, export).done("0 of")
    assert part == 2
    masks = simulated(tmp_path, photographs, **changes)
    run(masks)
    same(RunLayout(config.folder), RunLayout(masks.folder))
