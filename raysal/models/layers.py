"""Small layers that several networks share."""

from __future__ import annotations

import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn


def conv_bn_relu(channels_in: int, channels_out: int, kernel: int) -> nn.Sequential:
    """Convolution without bias (same size), batch norm, ReLU."""
    return nn.Sequential(
        nn.Conv2d(channels_in, channels_out, kernel, padding=kernel // 2, bias=False),
        nn.BatchNorm2d(channels_out),
        nn.ReLU(inplace=True),
    )


def resize(x_BDHW: Tensor, size: tuple[int, int]) -> Tensor:
    """Bilinear with aligned corners, as the released DEAL code does everywhere."""
    if tuple(x_BDHW.shape[-2:]) == tuple(size):
        return x_BDHW
    return F.interpolate(x_BDHW, size=size, mode="bilinear", align_corners=True)


def init_kaiming(module: nn.Module, *, biases: bool = True) -> None:
    """Kaiming-normal convolution weights, batch norm weights 1, all biases 0.

    Args:
        biases: false leaves the biases of convolutions as they are.
    """
    for part in module.modules():
        if isinstance(part, nn.Conv2d):
            nn.init.kaiming_normal_(part.weight)
            if biases and part.bias is not None:
                nn.init.zeros_(part.bias)
        elif isinstance(part, nn.BatchNorm2d):
            nn.init.ones_(part.weight)
            nn.init.zeros_(part.bias)
