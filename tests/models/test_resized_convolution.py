"""The convolution of an upsampled map, compared with upsampling and then convolving."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F  # noqa: N812

from raysal.models.layers import resize
from raysal.models.resized_convolution import ResizedConvolution


@pytest.mark.parametrize(
    ("small", "large"), [((3, 4), (12, 15)), ((1, 1), (4, 5)), ((6, 5), (6, 5)), ((2, 7), (9, 7))]
)
def test_equals_upsampling_first(small: tuple[int, int], large: tuple[int, int]) -> None:
    torch.manual_seed(0)
    x_MDhw, weight = torch.randn(2, 6, *small), torch.randn(5, 6, 3, 3)
    total_MOyx = torch.randn(2, 5, *large)
    expected = total_MOyx + F.conv2d(resize(x_MDhw, large), weight, padding=1)
    found = ResizedConvolution(weight).add_to(
        total_MOyx.permute(0, 2, 3, 1), x_MDhw.permute(0, 2, 3, 1)
    )
    torch.testing.assert_close(found.permute(0, 3, 1, 2), expected, rtol=1e-4, atol=1e-4)
