"""The grid of cells: averaging, splitting, joining and neighbourhoods."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from raysal.inference.predict import normalise
from raysal.regions.cells import cell_features, join_cells, map_features, patches, split_cells


def test_colours_are_normalised_as_for_the_network() -> None:
    image = np.random.default_rng(0).integers(0, 256, (6, 9, 3), np.uint8)
    whole = normalise(torch.from_numpy(image).permute(2, 0, 1).unsqueeze(0))
    expected = torch.nn.functional.avg_pool2d(whole, 3)[0]
    assert torch.allclose(cell_features(image, 3), expected, atol=1e-5)


@given(st.integers(1, 17), st.integers(1, 17), st.integers(1, 6))
def test_joining_undoes_splitting(height: int, width: int, cell: int) -> None:
    map_HW = np.arange(height * width).reshape(height, width)
    split = split_cells(map_HW, cell)
    assert np.array_equal(join_cells(split, map_HW.shape, cell), map_HW)
    repeated = np.pad(map_HW, ((0, -height % cell), (0, -width % cell)), mode="edge")
    assert np.array_equal(join_cells(split, repeated.shape, cell), repeated)


@pytest.mark.parametrize("size", [(32, 48), (30, 45)])
def test_feature_maps_of_any_resolution_are_averaged_to_the_grid(size: tuple[int, int]) -> None:
    features = torch.randn(5, 8, 12)
    assert map_features(features, size, 8).shape == (5, 4, 6)
    assert map_features(features, size, 2).shape == (5, size[0] // 2, -(-size[1] // 2))
    expected = torch.nn.functional.avg_pool2d(features, 2)
    assert torch.allclose(map_features(features, (32, 48), 8), expected, atol=1e-6)


def test_patches_hold_the_neighbours_in_order() -> None:
    features = torch.arange(12.0).reshape(1, 3, 4)
    found = patches(features)
    assert found.shape == (12, 9)
    assert found[5].tolist() == [0, 1, 2, 4, 5, 6, 8, 9, 10]
    assert found[0].tolist() == [0, 0, 1, 0, 0, 1, 4, 4, 5]
