"""The layers after the channel dropout, rearranged for many dropout passes over one image.

Between two ReLUs the network is linear, which allows three shortcuts: batch norm is folded into
the convolutions; a dilated convolution becomes one product over all its taps and shifted sums; and
the decoder's first convolution is applied before the upsampling that precedes it
(`raysal.models.resized_convolution`). The result equals the network's own up to rounding.

Axes in names: M passes, C classes, D channels, O output channels, T taps, h w size of the
encoder's output, y x a quarter of the image size. Channels come last, so that a 1x1 convolution is
a matrix product.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from raysal.models.deeplab import DeepLabV3Plus
from raysal.models.resized_convolution import SHIFTS, ResizedConvolution, tap_matrices


@dataclass(frozen=True)
class Folded:
    """A convolution with the batch norm behind it: float32 weight (O, D, k, k) and bias (O,)."""

    weight_ODkk: Tensor
    bias_O: Tensor

    @classmethod
    def of(cls, block: nn.Module, first: int = 0) -> Folded:
        """Fold the convolution (without bias) at index `first` of a sequence and the next norm."""
        assert isinstance(block, nn.Sequential)
        conv, norm = block[first], block[first + 1]
        assert isinstance(conv, nn.Conv2d)
        assert isinstance(norm, nn.BatchNorm2d)
        assert norm.running_mean is not None
        assert norm.running_var is not None
        scale_O = norm.weight / torch.sqrt(norm.running_var + norm.eps)
        weight = conv.weight * scale_O[:, None, None, None]
        return cls(weight, norm.bias - norm.running_mean * scale_O)


class Passes:
    """Logits of dropout passes over one image.

    Args:
        high_hwD, low_yxD: the encoder's two outputs before dropout; the first has the dtype to
            compute in.
    """

    def __init__(self, model: DeepLabV3Plus, high_hwD: Tensor, low_yxD: Tensor) -> None:
        dtype = high_hwD.dtype
        self._high_hwD, self._low_yxD = high_hwD, low_yxD.to(dtype)
        *branches, pooling = model.aspp.convs
        folded = [Folded.of(branch) for branch in branches]
        self._rates = [branch[0].dilation[0] for branch in branches]
        self._branch_bias = [f.bias_O for f in folded]
        self._branch_taps = torch.cat([tap_matrices(f.weight_ODkk) for f in folded]).to(dtype)
        self._pooling = Folded.of(pooling, first=1)
        self._project = Folded.of(model.aspp.project)
        self._low = Folded.of(model.low)
        decoder = Folded.of(model.decoder[0])
        aspp = self._width = model.aspp_channels
        self._first_high = ResizedConvolution(decoder.weight_ODkk[:, :aspp])
        self._first_low = Folded(decoder.weight_ODkk[:, aspp:], decoder.bias_O)
        self._second = Folded.of(model.decoder[2])
        assert model.classify.bias is not None
        self._weight_CO, self._bias_C = model.classify.weight.flatten(1), model.classify.bias

    def logits(self, high_MD: Tensor, low_MD: Tensor) -> Tensor:
        """(M, y, x, C) float32, given each pass's channel factors of the two encoder outputs."""
        high_MhwD = self._high_hwD * high_MD[:, None, None].to(self._high_hwD)
        low_MyxD = self._low_yxD * low_MD[:, None, None].to(self._low_yxD)
        x_MyxO = self._first(self._aspp(high_MhwD), self._of_low(low_MyxD)).relu_()
        return self._classified(convolve(x_MyxO, self._second).relu_())

    def _classified(self, x_MyxO: Tensor) -> Tensor:
        """(M, y, x, C) float32 logits."""
        dtype = x_MyxO.dtype
        return F.linear(x_MyxO, self._weight_CO.to(dtype), self._bias_C.to(dtype)).float()

    def _of_low(self, low_MyxD: Tensor) -> Tensor:
        """(M, y, x, 256): the part of the low-level stage in the decoder's first convolution."""
        return convolve(_pointwise(low_MyxD, self._low).relu_(), self._first_low)

    def _aspp(self, x_MhwD: Tensor) -> Tensor:
        """(M, h, w, 256) output of the ASPP."""
        pooled_MO = F.linear(
            x_MhwD.float().mean((1, 2)), self._pooling.weight_ODkk.flatten(1), self._pooling.bias_O
        ).relu_()
        taps_MhwTO = F.linear(x_MhwD, self._branch_taps).unflatten(-1, (-1, self._width))
        parts: list[Tensor] = []
        start = 0
        for rate, bias_O in zip(self._rates, self._branch_bias, strict=True):
            taps = 1 if not parts else 9  # The first branch is 1x1, the others 3x3.
            branch_MhwTO = taps_MhwTO[..., start : start + taps, :]
            parts.append(_dilated_sum(branch_MhwTO, rate, bias_O).relu_().to(x_MhwD.dtype))
            start += taps
        parts.append(pooled_MO[:, None, None].to(x_MhwD.dtype).expand_as(parts[0]))
        return _pointwise(torch.cat(parts, -1), self._project).relu_()

    def _first(self, high_MhwD: Tensor, of_low_MyxO: Tensor) -> Tensor:
        """(M, y, x, 256): the decoder's first convolution over upsampled `high`, added to that over
        `low`, which may be the same for all passes."""
        of_low = of_low_MyxO.expand(len(high_MhwD), -1, -1, -1)
        return self._first_high.add_to(of_low, high_MhwD)


def _dilated_sum(taps_MhwTO: Tensor, rate: int, bias_O: Tensor) -> Tensor:
    """(M, h, w, O) float32 dilated convolution: the sum of its taps, each shifted by its offset."""
    M, h, w, taps, O = taps_MhwTO.shape  # noqa: E741
    total = bias_O.expand(M, h, w, O).contiguous()
    shifts = SHIFTS if taps > 1 else (0,)
    for tap, (down, across) in enumerate(itertools.product(shifts, shifts)):
        to_y, from_y = _overlap(down * rate, h)
        to_x, from_x = _overlap(across * rate, w)
        total[:, to_y, to_x] += taps_MhwTO[:, from_y, from_x, tap]
    return total


def _overlap(shift: int, length: int) -> tuple[slice, slice]:
    """Output positions at which a shifted tap reads inside the image, and the inputs it reads."""
    shift = max(-length, min(length, shift))
    return slice(max(0, -shift), length - max(0, shift)), slice(
        max(0, shift), length + min(0, shift)
    )


def _pointwise(x_MhwD: Tensor, folded: Folded) -> Tensor:
    weight_OD = folded.weight_ODkk.flatten(1).to(x_MhwD.dtype)
    return F.linear(x_MhwD, weight_OD, folded.bias_O.to(x_MhwD.dtype))


def convolve(x_MyxD: Tensor, folded: Folded) -> Tensor:
    """3x3, same size, channels last in and out."""
    weight = folded.weight_ODkk.to(x_MyxD.dtype, memory_format=torch.channels_last)
    x_MDyx = x_MyxD.permute(0, 3, 1, 2)
    return F.conv2d(x_MDyx, weight, folded.bias_O.to(x_MyxD.dtype), padding=1).permute(0, 2, 3, 1)
