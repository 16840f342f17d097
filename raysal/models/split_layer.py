"""The decoder's first layer in parts that are added: one of the ASPP's output, which is read before
it is upsampled, and one of the low-level channels."""

from __future__ import annotations

import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from raysal.models.resized_convolution import ResizedConvolution


class SplitConvolution:
    """A 3x3 convolution of the ASPP's output, upsampled, and of the low-level channels.

    Args:
        conv: reads both, the ASPP's channels first. Gradients reach its weights.
        high_channels: of the ASPP.
    """

    def __init__(self, conv: nn.Conv2d, high_channels: int) -> None:
        of_high_ODkk, self._low_ODkk = conv.weight.tensor_split([high_channels], dim=1)
        self._high, self._bias_O = ResizedConvolution(of_high_ODkk), conv.bias

    def __call__(self, high_BDhw: Tensor, low_BDyx: Tensor) -> Tensor:
        """(B, O, y, x)."""
        x_BOyx = F.conv2d(low_BDyx, self._low_ODkk, self._bias_O, padding=1)
        x_ByxO = self._high.add_to(x_BOyx.permute(0, 2, 3, 1), high_BDhw.permute(0, 2, 3, 1))
        return x_ByxO.permute(0, 3, 1, 2)
