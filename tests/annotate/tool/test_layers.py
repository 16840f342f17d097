"""What is prepared, as the page gets it."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

from raysal.annotate.tool.prepare.preparation import Layer, Preparation
from raysal.errors import DataError
from tests.support.asked_images import SIZE
from tests.support.labelling import Browser, Served

PIXELS = SIZE[0] * SIZE[1]


class Prepared:
    """Stands for worker processes: what is there is what a test has put there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.layers: dict[str, Layer] = {}
        self.wanted: list[tuple[str, list[str]]] = []
        self.drawn: list[np.ndarray] = []

    def put(self, name: str, array: np.ndarray) -> None:
        (self.folder / f"{name}.gz").write_bytes(gzip.compress(array.tobytes()))

    def use(self, *_: Any) -> None:
        pass

    def want(self, key: str, following: list[str], person: str) -> None:
        self.wanted.append((key, following))

    def state(self, key: str) -> dict[str, Layer]:
        return self.layers

    def get(self, key: str, name: str) -> Path | None:
        path = self.folder / f"{name}.gz"
        return path if path.exists() else None

    def extend(self, key: str, raster: np.ndarray, version: int = 0) -> None:
        self.drawn.append(raster)

    def fill(self, key: str, grain: str, seeds: Any, rectangles: Any) -> Any:
        if seeds == [(9, 0)]:
            raise DataError("there is no superpixel 9")
        return None if seeds == [] else [(id_, 3) for id_, _ in seeds]


@pytest.fixture
def prepared(server: Served, tmp_path: Path) -> Prepared:
    found = Prepared(tmp_path)
    server.desk.preparation = cast(Preparation, found)
    return found


def test_a_layer_is_sent_as_it_lies(server: Served, ann: Browser, prepared: Prepared) -> None:
    url = f"images/{server.key()}/prediction"
    prepared.layers = {"superpixels": Layer(), "prediction": Layer()}
    assert (ann.get(url).status_code, ann.get(url).json()) == (202, {"pending": True})
    assert ann.about()["pending"] == ["superpixels", "prediction"]
    ids = np.arange(PIXELS, dtype=np.uint8) % 4
    prepared.put("prediction", ids)
    prepared.layers["prediction"] = Layer("ready", about={"model": "round 2", "confidence": 0.5})
    found = ann.get(url)
    assert found.headers["content-encoding"] == "gzip"
    assert found.content == ids.tobytes()
    again = ann.get(url, headers={"if-none-match": found.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert ann.about()["layers"]["prediction"] == {"model": "round 2", "confidence": 0.5}


def test_what_failed_says_why(server: Served, ann: Browser, prepared: Prepared) -> None:
    prepared.layers = {"map": Layer("failed", "the model is damaged")}
    found = ann.get(f"images/{server.key()}/map")
    assert (found.status_code, found.json()["why"]) == (404, "the model is damaged")
    assert ann.about()["failed"] == {"map": "the model is damaged"}


def test_the_open_image_and_the_next_are_prepared_first(
    server: Served, ann: Browser, prepared: Prepared
) -> None:
    ann.about(1)
    assert prepared.wanted == [(server.key(1), [server.key(2), server.key(3)])]


def test_fill(server: Served, ann: Browser, prepared: Prepared) -> None:
    url = f"/api/images/{server.key()}/fill"

    def fill(*seeds: tuple[int, int]) -> Any:
        body = {"grain": "fine", "region": 0, "seeds": list(seeds)}
        return ann.client.post(url, json=body)

    assert fill((1, 0), (2, 1)).json() == {"fill": [[1, 3], [2, 3]]}
    assert fill().status_code == 202
    assert (fill((9, 0)).status_code, fill((9, 0)).json()["why"]) == (
        422,
        "there is no superpixel 9",
    )


def test_extended_labels(server: Served, ann: Browser, prepared: Prepared) -> None:
    for name in ("extended", "groups"):
        assert ann.get(f"images/{server.key()}/{name}").status_code == 404
    prepared.layers = {"extended": Layer()}
    for name in ("extended", "groups"):
        assert ann.get(f"images/{server.key()}/{name}").status_code == 202
    classes, groups = np.full(SIZE, 255, np.uint8), np.zeros(SIZE, np.uint16)
    classes[:4], groups[:4] = 2, 1
    prepared.put("extended", classes)
    prepared.put("groups", groups)
    assert ann.get(f"images/{server.key()}/extended").content == classes.tobytes()
    assert ann.get(f"images/{server.key()}/groups").content == groups.tobytes()
