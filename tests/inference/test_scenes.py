"""Predictions and maps of scenes, put together from their tiles."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from raysal.data.scene import Scene
from raysal.data.tiles import TileConfig
from raysal.inference.own_size import own_size_logits, predict_own_size, predict_picture
from raysal.inference.predict import predict_classes, to_tensor
from raysal.inference.scenes import own_span, scene_map
from raysal.models.checkpoint import load_model
from raysal.regions.config import RegionConfig
from raysal.regions.pick import RegionPicker
from tests.support.scenes import SCENE, photo, save_reader, save_tiff

TILES = TileConfig(size=48, overlap=16)


def test_at_the_working_size_each_pixel_is_as_in_its_tile(tmp_path: Path) -> None:
    loaded = load_model(save_reader(tmp_path / "model", TILES))
    assert (loaded.size, loaded.working_size, loaded.tile) == ((48, 48), SCENE, TILES)
    picture = photo(1)
    found = predict_picture(loaded, picture, "fp32")
    for tile in TILES.of(SCENE):
        seen = np.ascontiguousarray(picture[tile.whole])
        expected = predict_classes(loaded.model, to_tensor([seen]), "fp32")[0].numpy()
        assert np.array_equal(found.ids[tile.in_scene], expected[tile.in_tile])
    assert len(np.unique(found.ids)) > 1
    assert sum(found.shares) == pytest.approx(1)
    file = save_tiff(tmp_path / "scene.tif", picture)
    again = predict_own_size(loaded, file.read_bytes(), "fp32")
    assert np.array_equal(again.ids, found.ids)
    assert again.confidence == pytest.approx(found.confidence)


@pytest.mark.parametrize("size", [(96, 96), (150, 211), (70, 96), (31, 200)])
def test_one_tile_is_the_whole_image(tmp_path: Path, size: tuple[int, int]) -> None:
    whole = load_model(save_reader(tmp_path / "whole"))
    tiled = load_model(save_reader(tmp_path / "tiled", TileConfig(size=96, overlap=0)))
    picture = photo(2, size)
    expected_CHW = torch.cat([part for _, _, part in own_size_logits(whole, picture, "fp32")], 1)
    found_CHW = torch.full_like(expected_CHW, torch.nan)
    for rows, cols, part in own_size_logits(tiled, picture, "fp32"):
        found_CHW[:, rows, cols] = part
    torch.testing.assert_close(found_CHW, expected_CHW, atol=2e-4, rtol=1e-3)


@given(seen=st.integers(1, 60), own=st.integers(1, 200), data=st.data())
def test_cores_cover_the_own_size_once(seen: int, own: int, data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.sets(st.integers(1, max(1, seen - 1)), max_size=5)) | {0, seen})
    spans = [own_span(a, b, seen, own) for a, b in itertools.pairwise(cuts)]
    assert [i for span in spans for i in range(span.start, span.stop)] == list(range(own))


def brightness(image_hwD: np.ndarray) -> Tensor:
    return torch.from_numpy(image_hwD[..., 0].astype(np.float32))


def test_a_region_across_the_border_of_tiles_is_found() -> None:
    picture = np.zeros((*SCENE, 3), np.uint8)
    picture[40:56, 40:56] = 200  # Where the four cores meet.
    tiling = TileConfig(size=48, overlap=0).of(SCENE)
    map_HW = scene_map(Scene(picture), tiling, brightness)
    assert np.array_equal(map_HW.numpy(), picture[..., 0])
    best, *rest = RegionPicker(RegionConfig(w=16), SCENE, large=True)(map_HW)
    assert (best.row, best.col) == (40, 40)
    assert not rest  # Suppression works over the whole scene.
