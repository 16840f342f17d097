"""Tasks through Label Studio's own server: imported, shown, labelled, exported, taken back."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from raysal.annotate.ask import Options, hand_out
from raysal.annotate.exchange.label_studio_tasks import interface
from raysal.annotate.exchange.registry import FORMATS
from raysal.annotate.exchange.rle_pack import decode_alpha, encode_mask
from raysal.progress import Silent
from tests.annotate.exchange.test_label_studio import bitmask
from tests.support.asked_images import (
    asked_for,
    asked_image,
    image_file,
    random_raster,
    stored,
    take,
    write,
)
from tests.support.client_environment import client_environment
from tests.support.label_studio_server import Server, label_studio

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]
REQUIREMENT = "label-studio==1.23.2"
REGIONS = [(2, 3, 8, 9), (12, 20, 10, 16)]


@pytest.fixture(scope="module")
def programs() -> Path:
    return client_environment(REQUIREMENT)


@pytest.fixture(scope="module")
def documents(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("documents")


@pytest.fixture(scope="module")
def server(
    programs: Path, documents: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    data = tmp_path_factory.mktemp("data")
    with label_studio(programs / "label-studio", data, documents) as running:
        yield running


def project(server: Server, labels: str) -> int:
    made = server.post("/api/projects", {"title": "raysal", "label_config": labels})
    return int(made["id"])


def tasks_of(server: Server, number: int) -> list[dict[str, Any]]:
    found = json.loads(server.get(f"/api/tasks?project={number}&fields=all&page_size=100"))
    return [json.loads(server.get(f"/api/tasks/{task['id']}")) for task in found["tasks"]]


def export(server: Server, number: int, path: Path) -> Path:
    path.write_bytes(server.get(f"/api/projects/{number}/export?exportType=JSON"))
    return path


def test_there_and_back(server: Server, documents: Path, tmp_path: Path) -> None:
    """Prelabels are imported as predictions, accepted by a user, and come back as they were."""
    images = [
        asked_image("a/b 1", (24, 36)),
        asked_image("a/b 2 \u00fc", (40, 31), REGIONS, data=image_file((40, 31))),
        asked_image("c#%", (70, 100), data=image_file((70, 100), "PNG")),
    ]
    asked = asked_for(tmp_path, images)
    rasters = {image.image_id: random_raster(image, n) for n, image in enumerate(images)}
    pictures = hand_out(asked, FORMATS["label-studio"], documents / "out", Options(), Silent())
    tasks = write(FORMATS["label-studio"], asked, rasters, tmp_path / "out") / "tasks.json"
    for task, plain in zip(
        imported := json.loads(tasks.read_text()),
        json.loads((pictures.folder / "tasks.json").read_text()),
        strict=True,
    ):
        task["data"] = plain["data"]
    number = project(server, (pictures.folder / "labels.xml").read_text())
    storage = {"project": number, "path": str(pictures.folder / "images"), "use_blob_urls": True}
    server.post("/api/storages/localfiles", storage)
    server.post(f"/api/projects/{number}/import", imported)
    for task, image in zip(found := tasks_of(server, number), images, strict=True):
        (prediction,) = task["predictions"]
        assert prediction["model_version"] == "raysal mine"
        assert prediction["score"] == 0.5
        kinds = {item["type"] for item in prediction["result"]}
        assert kinds == {"brushlabels"} | (set() if image.whole else {"rectanglelabels"})
        shown = server.get(task["data"]["image"])
        folder = pictures.folder / "images"
        assert shown in {path.read_bytes() for path in folder.iterdir()}
        server.post(
            f"/api/tasks/{task['id']}/annotations",
            {
                "result": prediction["result"],
                "lead_time": 7.5,
                "parent_prediction": prediction["id"],
            },
        )
    rows = take(asked, export(server, number, tmp_path / "export.json"))
    assert {image: row.result for image, row in rows.items()} == dict.fromkeys(rasters, "taken")
    for image_id, raster in rasters.items():
        np.testing.assert_array_equal(stored(asked)[image_id], raster)
    answer = asked.store(images[0]).current("a/b 1")
    assert answer is not None
    assert answer.seconds == 7.5
    assert answer.annotator.startswith("user ")

    # A later annotation of one task, by brush and bitmask, replaces the earlier one.
    corrected = rasters["c#%"] == 1
    value = {"format": "rle", "rle": encode_mask(corrected), "brushlabels": ["car"]}
    again = {**imported[2]["predictions"][0]["result"][0], "value": value}
    server.post(f"/api/tasks/{found[2]['id']}/annotations", {"result": [again]})
    skipped = {"result": [], "was_cancelled": True}
    server.post(f"/api/tasks/{found[0]['id']}/annotations", skipped)
    rows = take(asked, export(server, number, tmp_path / "later.json"))
    assert [rows[image.image_id].result for image in images] == ["unchanged", "unchanged", "taken"]
    np.testing.assert_array_equal(stored(asked)["c#%"], np.where(corrected, 3, 255))


def test_bitmasks_choices_and_uploaded_pictures(server: Server, tmp_path: Path) -> None:
    """Pictures that are uploaded get a hash in front of their names."""
    images = [asked_image("day 1/my photo (1)", (6, 8)), asked_image("day 1/bl\u00fcte", (6, 8))]
    asked = asked_for(tmp_path, images)
    labels = interface(asked).replace("BrushLabels", "BitmaskLabels")
    number = project(server, labels)
    for name in ("my photo (1).jpg", "day 1__bl\u00fcte.jpg"):
        server.upload(f"/api/projects/{number}/import", name, image_file((6, 8)))
    mask = random_raster(images[0], 3, 2, 0) == 1
    drawn = bitmask(mask)
    choice = {"id": "c", "type": "choices", "from_name": "unusable", "to_name": "image",
              "value": {"choices": ["cannot be labelled"]}}  # fmt: skip
    for task, item in zip(tasks_of(server, number), (drawn, choice), strict=True):
        server.post(f"/api/tasks/{task['id']}/annotations", {"result": [item]})
    rows = take(asked, export(server, number, tmp_path / "export.json"))
    assert {image: row.result for image, row in rows.items()} == {
        image.image_id: "taken" for image in images
    }
    np.testing.assert_array_equal(stored(asked)[images[0].image_id], np.where(mask, 0, 255))
    answer = asked.store(images[1]).current(images[1].image_id)
    assert answer is not None
    assert answer.state == "unusable"


# Encodes masks and decodes codes as Label Studio's own library does.
CODE = """
import json, sys
import numpy as np
from label_studio_sdk.converter.brush import decode_rle, encode_rle

ours, masks = json.load(sys.stdin)
decoded = [decode_rle(code).tolist() for code in ours]
encoded = [encode_rle(np.repeat(np.array(mask, np.uint8).ravel() * 255, 4)) for mask in masks]
print(json.dumps([decoded, encoded]))
"""


def test_the_code_of_its_own_library(programs: Path) -> None:
    rng = np.random.default_rng(0)
    shapes = ((1, 1), (3, 5), (20, 31), (70, 300))
    masks = [rng.random(shape) < share for shape in shapes for share in (0, 0.02, 0.5, 1)]
    asked = json.dumps([[encode_mask(mask) for mask in masks], [mask.tolist() for mask in masks]])
    done = subprocess.run(
        [programs / "python", "-c", CODE], input=asked, capture_output=True, text=True, timeout=300,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    decoded, encoded = json.loads(done.stdout.splitlines()[-1])
    for mask, words, code in zip(masks, decoded, encoded, strict=True):
        np.testing.assert_array_equal(
            np.array(words).reshape(*mask.shape, 4), np.repeat(mask[..., None] * 255, 4, axis=2)
        )
        np.testing.assert_array_equal(decode_alpha(code, mask.shape), mask * 255)
        ours = encode_mask(mask)
        assert code[: len(ours)] == ours
        assert set(code[len(ours) :]) <= {0}
