"""Strided depthwise convolutions and their gradients, compared with torch's own."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import Tensor, nn

from raysal.models.depthwise import StridedDepthwise, replace_depthwise

CHANNELS = 5


def convolution(kernel: int, stride: int, **settings: object) -> nn.Conv2d:
    torch.manual_seed(0)
    settings = {"padding": kernel // 2, "groups": CHANNELS, "bias": False, **settings}
    return nn.Conv2d(CHANNELS, CHANNELS, kernel, stride, **settings)  # type: ignore[arg-type]


def gradients(conv: nn.Conv2d, x: Tensor) -> list[Tensor]:
    """The output, and the gradients of input and weights for some gradient of the output."""
    x = x.clone().requires_grad_()
    out = conv(x)
    upstream = torch.randn(out.shape, generator=torch.Generator().manual_seed(1)).to(out)
    return [out, *torch.autograd.grad(out, (x, conv.weight), upstream)]


@pytest.mark.parametrize("size", [(8, 12), (7, 9), (1, 2), (23, 30)])
@pytest.mark.parametrize(("kernel", "stride"), [(3, 2), (5, 2), (3, 3), (1, 2)])
def test_gradients_are_those_of_torch(size: tuple[int, int], kernel: int, stride: int) -> None:
    plain = convolution(kernel, stride)
    quick = copy.deepcopy(plain)
    replace_depthwise(nn.Sequential(quick))
    assert type(quick) is StridedDepthwise
    x = torch.randn(2, CHANNELS, *size).contiguous(memory_format=torch.channels_last)
    for expected, found in zip(gradients(plain, x), gradients(quick, x), strict=True):
        torch.testing.assert_close(found, expected)


def test_gradients_under_autocast() -> None:
    plain = convolution(3, 2)
    quick = copy.deepcopy(plain)
    replace_depthwise(nn.Sequential(quick))
    x = torch.randn(2, CHANNELS, 16, 20)
    with torch.autocast("cpu", torch.bfloat16):
        out = quick(x)
        (of_weight,) = torch.autograd.grad(out.float().sum(), quick.weight)
    assert out.dtype == torch.bfloat16
    assert of_weight.dtype == torch.float32
    (expected,) = torch.autograd.grad(plain(x).sum(), plain.weight)
    torch.testing.assert_close(of_weight, expected, rtol=0.05, atol=0.5)


def test_gradients_of_gradients() -> None:
    plain = convolution(3, 2)
    quick = copy.deepcopy(plain)
    replace_depthwise(nn.Sequential(quick))
    x = torch.randn(2, CHANNELS, 7, 9, generator=torch.Generator().manual_seed(2))
    found = []
    for conv in (plain, quick):
        image = x.clone().requires_grad_()
        (of_image,) = torch.autograd.grad(conv(image).square().sum(), image, create_graph=True)
        found.append(torch.autograd.grad(of_image.square().sum(), (image, conv.weight)))
    for expected, second in zip(*found, strict=True):
        torch.testing.assert_close(second, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("shape", [(CHANNELS, 6, 8), (0, CHANNELS, 6, 8)])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_one_image_and_other_types(shape: tuple[int, ...], dtype: torch.dtype) -> None:
    quick = convolution(3, 2).to(dtype)
    plain = copy.deepcopy(quick)
    replace_depthwise(nn.Sequential(quick))
    x = torch.randn(shape, dtype=dtype)
    with torch.autocast("cpu", torch.bfloat16, enabled=dtype == torch.float64):
        for expected, found in zip(gradients(plain, x), gradients(quick, x), strict=True):
            assert found.dtype == expected.dtype
            torch.testing.assert_close(found, expected)


def test_inference_and_frozen_parts() -> None:
    quick = convolution(3, 2)
    replace_depthwise(nn.Sequential(quick))
    x = torch.randn(1, CHANNELS, 6, 6)
    with torch.no_grad():
        assert torch.equal(quick(x), nn.functional.conv2d(x, quick.weight, None, 2, 1, 1, CHANNELS))
    quick.weight.requires_grad_(False)
    (of_x,) = torch.autograd.grad(quick(x.requires_grad_()).sum(), x)
    assert of_x.shape == x.shape


@pytest.mark.parametrize(
    "other",
    [
        {"padding": 0},
        {"bias": True},
        {"groups": 1},
        {"padding_mode": "reflect"},
    ],
)
def test_other_convolutions_stay(other: dict[str, object]) -> None:
    conv = convolution(3, 2, **other)
    replace_depthwise(nn.Sequential(conv))
    assert type(conv) is nn.Conv2d


def test_those_without_stride_stay() -> None:
    conv = convolution(3, 1)
    replace_depthwise(nn.Sequential(conv))
    assert type(conv) is nn.Conv2d
