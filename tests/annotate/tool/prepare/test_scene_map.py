"""The map of a scene, as its regions or its score were made of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from raysal.annotate.tool.prepare.guide import MapSource
from raysal.annotate.tool.prepare.uncertainty import map_of
from raysal.data.tiles import TileConfig
from raysal.inference.scenes import reduced_map
from raysal.models.checkpoint import load_model
from tests.support.scenes import SCENE, photo, save_reader


def test_each_core_is_as_in_its_tile(tmp_path: Path) -> None:
    tiles = TileConfig(size=48, overlap=16)
    scenes = load_model(save_reader(tmp_path / "scenes", tiles))
    whole = load_model(save_reader(tmp_path / "tile", size=tiles.size))
    picture, source = photo(1), MapSource(kind="entropy")
    name, found_HW = map_of(scenes, picture, "a", source, "fp32")
    assert name == "uncertainty (entropy)"
    assert found_HW.shape == SCENE
    for tile in tiles.of(SCENE):
        _, expected_hw = map_of(whole, picture[tile.whole], "a", source, "fp32")
        np.testing.assert_allclose(
            found_HW[tile.in_scene], expected_hw[tile.in_tile], rtol=1e-5, atol=1e-6
        )


def test_a_large_map_is_reduced_by_means() -> None:
    map_HW = torch.arange(20.0).view(4, 5)
    assert reduced_map(map_HW, 3).tolist() == [[3.0, 5.0, 6.5], [13.0, 15.0, 16.5]]
    assert torch.equal(reduced_map(map_HW, 5), map_HW)
