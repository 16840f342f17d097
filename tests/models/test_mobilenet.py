"""The gradient of the dilated depthwise convolution is right under bfloat16 autocast."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F  # noqa: N812

from raysal.models.config import ModelConfig
from raysal.models.deeplab import DeepLabV3Plus
from raysal.models.depthwise import DilatedDepthwise


@pytest.mark.parametrize("dilation", [2, 4])
@pytest.mark.parametrize("size", [(23, 30), (8, 10), (6, 8)])
def test_weight_gradient(dilation: int, size: tuple[int, int]) -> None:
    layer = DilatedDepthwise(960, dilation).to(memory_format=torch.channels_last)
    for attempt in range(2):
        torch.manual_seed(attempt)
        # Fill memory with a conspicuous value, in case a kernel leaves its output unwritten.
        del [torch.full((1 << 20,), 1e30) for _ in range(8)][:]
        x = torch.randn(4, 960, *size).contiguous(memory_format=torch.channels_last)
        upstream = torch.randn(4, 960, *size)
        layer.zero_grad()
        with torch.autocast("cpu", torch.bfloat16):
            out = layer(x.bfloat16())
        out.backward(upstream.to(out.dtype))
        weight = layer.weight.detach().double().requires_grad_()
        exact = F.conv2d(
            x.bfloat16().double(), weight, padding=dilation, dilation=dilation, groups=960
        )
        exact.backward(upstream.double())
        assert layer.weight.grad is not None
        assert weight.grad is not None
        torch.testing.assert_close(layer.weight.grad.double(), weight.grad, rtol=1e-3, atol=1e-2)


@pytest.mark.parametrize(("stride", "count"), [(16, 1), (8, 10)])
def test_all_dilated_blocks_use_it(stride: int, count: int) -> None:
    model = DeepLabV3Plus(ModelConfig(output_stride=stride, weights="none"), 11)
    assert sum(isinstance(m, DilatedDepthwise) for m in model.modules()) == count
    plain = [m for m in model.encoder.modules() if type(m) is torch.nn.Conv2d]
    assert all(conv.dilation == (1, 1) for conv in plain)
