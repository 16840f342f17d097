import numpy as np
import pytest
import torch

from raysal.regions.config import RegionConfig
from raysal.regions.kernel import profile
from raysal.regions.pick import RegionPicker
from raysal.regions.response import response, response_in_bands


@pytest.mark.parametrize("border", ["valid", "clip"])
@pytest.mark.parametrize("side", [1, 7, 16, 1000])
@pytest.mark.parametrize("window", [(5, 8), (12, 3)])
def test_bands_give_the_same_response(window: tuple[int, int], side: int, border: str) -> None:
    map_HW = torch.rand(41, 57, generator=torch.Generator().manual_seed(0))
    covered_HW = np.zeros((41, 57), bool)
    covered_HW[10:20, 30:50] = True
    kernel = profile(window[0]), profile(window[1])
    worth_HW = map_HW.masked_fill(torch.from_numpy(covered_HW), 0.0)
    expected_PP = response(worth_HW, kernel, border)
    spent_HW = map_HW.clone()
    found_PP = response_in_bands(spent_HW, covered_HW, kernel, border, side)
    assert found_PP.shape == expected_PP.shape
    torch.testing.assert_close(found_PP.double(), expected_PP, rtol=1e-6, atol=1e-6)
    assert found_PP.data_ptr() == spent_HW.data_ptr()


@pytest.mark.parametrize("border", ["valid", "clip"])
def test_the_same_regions_in_a_large_map(border: str) -> None:
    config = RegionConfig(w=9, border=border)
    map_HW = torch.rand(60, 71, generator=torch.Generator().manual_seed(1))
    known_HW = np.zeros((60, 71), bool)
    known_HW[:20, :20] = True
    expected = RegionPicker(config, (60, 71))(map_HW, known_HW)
    found = RegionPicker(config, (60, 71), large=True)(map_HW.clone(), known_HW)
    places = [(r.row, r.col, r.height, r.width, r.pixels) for r in expected]
    assert [(r.row, r.col, r.height, r.width, r.pixels) for r in found] == places
    assert [r.score for r in found] == pytest.approx([r.score for r in expected], rel=1e-6)
