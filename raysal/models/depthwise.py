"""Depthwise convolutions whose gradients torch computes wrongly or slowly on CPUs."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn


class DilatedDepthwise(nn.Conv2d):
    """A dilated 3x3 depthwise convolution, in float32 on CPUs.

    In bfloat16, oneDNN's weight gradient of this shape contains uninitialised memory in some
    channels (seen with torch 2.15 on AMX); a depthwise convolution gains little from
    bfloat16 anyway.
    """

    def __init__(self, channels: int, dilation: int) -> None:
        super().__init__(
            channels, channels, 3, padding=dilation, dilation=dilation, groups=channels, bias=False
        )

    def forward(self, x_BDHW: Tensor) -> Tensor:
        """Same size as the input."""
        if x_BDHW.device.type != "cpu":
            return super().forward(x_BDHW)
        with torch.autocast("cpu", enabled=False):
            return super().forward(x_BDHW.float())


class StridedDepthwise(nn.Conv2d):
    """A depthwise convolution with a stride, trained quickly on CPUs.

    oneDNN takes 20 to 40 times as long for the gradient of its input as for the layer itself: in
    MobileNetV2, a fifteenth of a training step of DeepLabv3+ on 360x480.
    """

    def forward(self, x_BDHW: Tensor) -> Tensor:
        """As `torch.nn.Conv2d`."""
        if not (self.training and torch.is_grad_enabled() and _is_plain(x_BDHW)):
            return super().forward(x_BDHW)
        weight_D1kk = self.weight
        if torch.is_autocast_enabled("cpu"):
            dtype = torch.get_autocast_dtype("cpu")
            x_BDHW, weight_D1kk = x_BDHW.to(dtype), weight_D1kk.to(dtype)
        y_BDHW: Tensor = _Strided.apply(x_BDHW, weight_D1kk, self.stride, self.padding)
        return y_BDHW


def replace_depthwise(module: nn.Module) -> None:
    """Turn the dilated and the strided depthwise convolutions of any network into those of this
    file, in place."""
    for part in module.modules():
        if type(part) is not nn.Conv2d or not 1 < part.groups == part.in_channels:
            continue
        if max(part.dilation) > 1:
            part.__class__ = DilatedDepthwise
        elif max(part.stride) > 1 and _is_supported(part):
            part.__class__ = StridedDepthwise


def _is_plain(x: Tensor) -> bool:
    """Whether it is a batch on a CPU, of a type that autocast converts."""
    return x.device.type == "cpu" and x.dim() == 4 and x.dtype != torch.float64


def _is_supported(conv: nn.Conv2d) -> bool:
    """Whether it has odd kernels, zeros that pad to the same size, no bias, and one output channel
    for each input channel."""
    odd = all(k % 2 == 1 for k in conv.kernel_size)
    centred = odd and conv.padding == tuple(k // 2 for k in conv.kernel_size)
    plain = conv.padding_mode == "zeros" and conv.bias is None
    return centred and plain and conv.out_channels == conv.in_channels


class _Strided(torch.autograd.Function):
    """The gradient of the input is a convolution without stride: of the output's gradient,
    upsampled with zeros, with the flipped kernel."""

    @staticmethod
    def forward(ctx: Any, x_BDHW: Tensor, weight_D1kk: Tensor, stride: Any, padding: Any) -> Tensor:
        ctx.save_for_backward(x_BDHW, weight_D1kk)
        ctx.stride, ctx.padding = stride, padding
        return F.conv2d(x_BDHW, weight_D1kk, None, stride, padding, groups=len(weight_D1kk))

    @staticmethod
    def backward(ctx: Any, grad_BDhw: Tensor) -> tuple[Tensor | None, Tensor | None, None, None]:
        x_BDHW, weight_D1kk = ctx.saved_tensors
        of_x, of_weight = None, None
        if ctx.needs_input_grad[0]:
            down, across = ctx.stride
            spread_BDHW = torch.zeros_like(x_BDHW)
            spread_BDHW[:, :, ::down, ::across] = grad_BDhw
            flipped_D1kk = weight_D1kk.flip(2, 3)
            of_x = F.conv2d(
                spread_BDHW, flipped_D1kk, padding=ctx.padding, groups=len(flipped_D1kk)
            )
        if ctx.needs_input_grad[1]:
            _, of_weight, _ = torch.ops.aten.convolution_backward(
                grad_BDhw,
                x_BDHW,
                weight_D1kk,
                None,
                ctx.stride,
                ctx.padding,
                [1, 1],
                False,
                [0, 0],
                len(weight_D1kk),
                [False, True, False],
            )
        return of_x, of_weight, None, None
