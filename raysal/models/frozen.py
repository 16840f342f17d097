"""A trained network rearranged for inference: the same function up to rounding, in less time."""

from __future__ import annotations

import copy

import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from raysal.models.deeplab import DeepLabV3Plus
from raysal.models.folding import fold_batch_norms
from raysal.models.linear_attention import MOST_CLASSES, linear_attention
from raysal.models.network import Network
from raysal.models.resized_convolution import ResizedConvolution


def frozen(model: Network) -> Network:
    """A copy that computes the same faster and cannot be trained; other networks as they are.

    In raysal's own DeepLabv3+, batch norm is folded into the convolutions, and the decoder's first
    convolution reads the ASPP's output before it is upsampled. On CPUs, the difficulty branch
    attends in linear time, with probabilities within 2e-4; the fused kernels of GPUs stay.

    Args:
        model: in eval mode, on the device where it will run.
    """
    if not isinstance(model, DeepLabV3Plus):
        return model
    fast = copy.deepcopy(model).requires_grad_(False)
    fold_batch_norms(fast)
    fast.place(model.device)
    fast.split = SplitLayer(fast)
    pam = None if fast.difficulty is None else fast.difficulty.pam
    if pam is not None and model.device.type == "cpu" and model.classes <= MOST_CLASSES:
        pam.attention = linear_attention
    return fast


class SplitLayer:
    """The decoder's first layer, in parts that are added: one of the ASPP's output, and one of the
    low-level channels.

    Args:
        model: with its batch norm folded.
    """

    def __init__(self, model: DeepLabV3Plus) -> None:
        conv = model.decoder[0][0]
        of_high, of_low = conv.weight.split([model.aspp_channels, model.low_channels], dim=1)
        self._high = ResizedConvolution(of_high)
        self._low_ODkk, self._bias_O = of_low.contiguous(), conv.bias

    def __call__(self, high_BDhw: Tensor, low_BDyx: Tensor) -> Tensor:
        """(B, O, y, x), after its ReLU."""
        x_BOyx = F.conv2d(low_BDyx, self._low_ODkk, self._bias_O, padding=1)
        x_ByxO = self._high.add_to(x_BOyx.permute(0, 2, 3, 1), high_BDhw.permute(0, 2, 3, 1))
        return x_ByxO.relu_().permute(0, 3, 1, 2)
