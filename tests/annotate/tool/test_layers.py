"""What is prepared, as the page gets it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

from raysal.annotate.tool.prepare.preparation import Layer, Preparation
from tests.support.asked_images import SIZE
from tests.support.labelling import Browser, MadeUp, Served
from tests.support.prepared import Prepared

PIXELS = SIZE[0] * SIZE[1]


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


def test_a_server_that_was_started_again_extends_labels_when_asked(
    place: MadeUp, server: Served, ann: Browser, prepared: Prepared
) -> None:
    """It has computed nothing, and is not told anew what is drawn."""
    place.extends = True
    url = f"images/{server.key()}?extended=true"
    ann.get(url)
    assert prepared.drawn == []  # Nothing is drawn.
    ann.save(np.full(SIZE, 2, np.uint8))
    ann.about()
    assert prepared.drawn == []  # Nobody has asked.
    ann.get(url)
    (raster,) = prepared.drawn
    assert (raster == 2).all()
    prepared.layers = {"extended": Layer()}
    prepared.calibrating = True
    assert ann.get(url).json()["calibrating"] is True
    prepared.layers = {"extended": Layer("ready", about={"version": 1, "groups": []})}
    ann.get(url)
    assert len(prepared.drawn) == 1  # Under way, and done.
    ann.save(np.full(SIZE, 1, np.uint8))
    ann.get(url)
    assert len(prepared.drawn) == 2  # Something else is drawn since.
    place.extends = False
    ann.get(url)
    assert len(prepared.drawn) == 2
