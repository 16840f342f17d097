"""Models that read images in tiles: one tile is shown."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import yaml

from raysal.data.decode import encode_png
from raysal.data.tiles import TileConfig
from raysal.report.show.images import Images
from raysal.report.show.models import open_models
from raysal.report.show.view import View
from raysal.report.show.wanted import Wanted
from tests.support.commands import Raysal
from tests.support.scenes import CLASSES, SCENE, TILE, photo, save_reader

TILED = TileConfig(size=TILE, overlap=8)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return save_reader(tmp_path / "tiled", TILED)


@pytest.fixture
def scenes(tmp_path: Path) -> tuple[Path, np.ndarray, np.ndarray]:
    """A data set of one scene at its own size, with its pixels and its mask."""
    pixels, mask = photo(1), np.arange(96 * 96, dtype=np.int64).reshape(SCENE) % 4
    for name, content in (("images", pixels), ("masks", mask.astype(np.uint8))):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.png").write_bytes(encode_png(content))
    data = {
        "name": "folder", "images": str(tmp_path / "images"), "masks": str(tmp_path / "masks"),
        "classes": list(CLASSES), "size": list(SCENE),
    }  # fmt: skip
    file = tmp_path / "data.yaml"
    file.write_text(yaml.safe_dump({"data": data}))
    return file, pixels, mask


def test_a_tile_is_what_the_network_sees(
    model: Path, scenes: tuple[Path, np.ndarray, np.ndarray]
) -> None:
    from raysal.curate.evaluation_data import load_data

    file, pixels, mask = scenes
    (opened,) = open_models([model])
    (image,) = Images(opened, load_data(file)).find(["a"])
    view = View(opened, image, Wanted(tile=(20, 48)))
    assert (view.decoded == pixels[20:68, 48:96]).all()
    assert (view.truth == mask[20:68, 48:96]).all()
    assert view.prediction.shape == TILE
    assert view.place == "tile at row 20, column 48"
    middle = View(opened, image, Wanted())
    tiles = [tile.whole for tile in TILED.of(SCENE)]
    assert (middle.decoded == pixels[tiles[len(tiles) // 2]]).all()


def test_the_command(
    raysal: Raysal, model: Path, scenes: tuple[Path, np.ndarray, np.ndarray], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    command = ["show", model, "a", "--data", scenes[0], "--out", out, "--figure"]
    raysal(*command, "overview", "--tile", "48,0").done()
    raysal(*command, "regions").refused("reads images in tiles, and regions are picked in the")
    raysal(*command, "overview", "--tile", "49,0").refused(
        "--tile 49,0: a tile of 48x48 there is not inside images of 96x96 pixels"
    )
    whole = save_reader(tmp_path / "whole")
    raysal("show", whole, "a", "--data", scenes[0], "--tile", "0,0").refused(
        "--tile: the model reads images whole; leave it out"
    )
    raysal(*command, "models", "--beside", whole).refused("do not read images in the same tiles")
