"""First convolutions for images of other than three channels.

Pretrained weights are adapted as timm does it: for one channel, the sum over red, green and blue;
for more, these weights in turn, scaled so that the sum over the channels stays the same on average.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
from torch import Tensor, nn

RGB = 3


def first_convolution(module: nn.Module) -> nn.Conv2d:
    """The convolution that reads the image: the first one, in the order of definition."""
    return next(part for part in module.modules() if isinstance(part, nn.Conv2d))


def set_in_channels(encoder: nn.Module, in_channels: int) -> None:
    """Let the first convolution read another number of channels, with new random weights."""
    if in_channels == RGB:
        return
    conv = first_convolution(encoder)
    shape = (conv.out_channels, in_channels // conv.groups, *conv.kernel_size)
    conv.in_channels = in_channels
    conv.weight = nn.Parameter(torch.empty(shape))
    nn.init.kaiming_normal_(conv.weight, mode="fan_out", nonlinearity="relu")


def adapt_weight(weight_ODkk: Tensor, in_channels: int) -> Tensor:
    """(O, `in_channels`, k, k) from the weights of a convolution over red, green and blue."""
    if in_channels == RGB:
        return weight_ODkk
    if in_channels == 1:
        return weight_ODkk.sum(1, keepdim=True)
    repeated = weight_ODkk.repeat(1, math.ceil(in_channels / RGB), 1, 1)[:, :in_channels]
    return repeated * (RGB / in_channels)


def for_rgb(names: Mapping[str, Tensor], encoder: nn.Module) -> dict[str, Tensor]:
    """What the encoder's published file holds: its tensors, the first one for three channels.

    Args:
        names: the encoder's tensors by their published names.
    """
    weight = first_convolution(encoder).weight
    shape = (weight.shape[0], RGB, *weight.shape[2:])
    return {**names, _name_of(weight, names): weight.new_empty(shape)}


def adapted(
    state: Mapping[str, Tensor], names: Mapping[str, Tensor], encoder: nn.Module, in_channels: int
) -> dict[str, Tensor]:
    """A published state dict with its first convolution adapted.

    Args:
        names: the encoder's tensors by their published names.
    """
    name = _name_of(first_convolution(encoder).weight, names)
    return {**state, name: adapt_weight(state[name], in_channels)}


def _name_of(weight: Tensor, names: Mapping[str, Tensor]) -> str:
    return next(name for name, one in names.items() if one.data_ptr() == weight.data_ptr())
