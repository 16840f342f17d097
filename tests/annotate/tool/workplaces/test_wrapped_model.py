"""Labelling with an exported model beside: from the archive to its prediction in the tool."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
import torch

from raysal.inference.own_size import predict_own_size
from raysal.models.checkpoint import load_model
from tests.support.beside import link_in, serve, until
from tests.support.channel_folders import SIDE, make_tiles
from tests.support.commands import Raysal
from tests.support.exported_network import save_pt2
from tests.support.own_network import Small

CLASSES = "ground,building,road,water,vegetation"
LOCAL = ("--set", "engine.name=local")


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_a_query_of_four_bands(raysal: Raysal, tmp_path: Path) -> None:
    """By the commands of the README, and the server that `raysal annotate` starts."""
    make_tiles(tmp_path, 6)
    with torch.random.fork_rng():
        torch.manual_seed(5)
        archive = save_pt2(tmp_path / "x.pt2", Small(5, 4, 8), channels=4, size=(SIDE, SIDE))
    model, images = tmp_path / "model", tmp_path / "images"
    wrap = ("model", "wrap", archive, "--classes", CLASSES, "--out", model)
    raysal(*wrap, "--range", "0,3000").done("channels: 4")
    pool, scores, query = (tmp_path / name for name in ("pool", "scores", "query"))
    raysal("pool", "build", images, pool).done()
    raysal("score", model, pool, "--acquisition", "entropy", "--out", scores, *LOCAL).done()
    raysal("select", scores, "--budget", 2, "--out", query).done("2 images chosen")

    options = ("--images", images, "--model", model)
    tool = serve(query, tmp_path / "tool.log", *options)
    try:
        link = link_in(tool)
        with httpx.Client(base_url=link.partition("/?")[0], follow_redirects=True) as client:
            assert client.get(link).status_code == 200
            check(client, model, images)
    finally:
        tool.stop()


def check(client: httpx.Client, model: Path, images: Path) -> None:
    """What the tool shows of the first image of the query."""
    session = client.get("/api/session").json()
    assert [each["name"] for each in session["classes"]] == CLASSES.split(",")
    asked = client.get("/api/queue").json()["images"]
    assert len(asked) == 2
    at = f"/api/images/{asked[0]['key']}"

    def all_there() -> dict[str, Any] | None:
        about: dict[str, Any] = client.get(at).json()
        assert about["failed"] == {}
        return about if about["pending"] == [] else None

    layers = until(all_there, 100)["layers"]
    assert layers["map"]["name"] == "uncertainty (entropy)"
    assert layers["superpixels"]["coarse"]["count"] >= 1
    assert client.get(f"{at}/picture").headers["content-type"] == "image/png"
    shown = np.frombuffer(client.get(f"{at}/prediction").content, np.uint8).reshape(SIDE, SIDE)
    data = (images / f"{asked[0]['id']}.tif").read_bytes()
    np.testing.assert_array_equal(shown, predict_own_size(load_model(model), data, "auto").ids)
    assert len(np.unique(shown)) > 1
