"""The matrix products in votes with channel dropout, alone: a bound of how fast the votes can be.

Every pass drops other channels of the encoder's outputs, so that each of them needs the products of
all layers behind the encoder. What is left out are the masks, activations, sums, resizes and votes.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from raysal.inference.device import resolve_precision
from raysal.models.deeplab import DeepLabV3Plus
from raysal.models.resized_convolution import SHIFTS

TAPS = len(SHIFTS) ** 2


def vote_products(
    model: DeepLabV3Plus, size: tuple[int, int], passes: int, at_once: int
) -> Callable[[], None]:
    """What computes them, on random numbers.

    Args:
        size: (height, width) of the image.
        at_once: passes per product.
    """
    device = model.device
    dtype = torch.bfloat16 if resolve_precision("auto", device) == "bf16" else torch.float32

    def numbers(*shape: int) -> Tensor:
        return torch.randn(shape, device=device).to(dtype)

    def image(channels: int, *area: int) -> Tensor:
        return numbers(at_once, channels, *area).to(memory_format=torch.channels_last)

    def kernels(out: int, channels: int) -> Tensor:
        return numbers(out, channels, 3, 3).to(memory_format=torch.channels_last)

    channels, hidden = model.stage_channels, model.hidden_channels
    high, low = channels[model.encoder.high], channels[model.encoder.low]
    aspp, of_low = model.aspp_channels, model.low_channels
    stride = model.config.stride
    (h, w), (y, x) = ((-(-size[0] // s), -(-size[1] // s)) for s in (stride, 4))
    branches = len(model.aspp.convs)
    dilated = branches - 2  # The others are a 1x1 convolution and the pooling.
    linear = [  # Positions, channels in and out: the ASPP, its projection, and the two stages.
        (h * w, high, (1 + TAPS * dilated) * aspp),
        (h * w, branches * aspp, aspp),
        (h * w, aspp, TAPS * hidden),
        (y * x, low, of_low),
        (y * x, hidden, model.classes),
    ]
    flat = [(numbers(at_once, k, a), numbers(b, a)) for k, a, b in linear]
    square = [
        (image(a, y, x), kernels(hidden, a)) for a in (of_low, hidden)
    ]  # The decoder's first convolution, of the low-level channels, and its second.
    upsampled = (
        numbers(x, len(SHIFTS) * w),
        numbers(at_once, len(SHIFTS) * h, len(SHIFTS) * w, hidden),
        numbers(y, len(SHIFTS) * h),
        numbers(at_once, len(SHIFTS) * h, x * hidden),
    )

    @torch.inference_mode()
    def compute() -> None:
        for _ in range(-(-passes // at_once)):
            for read, weight in flat:
                F.linear(read, weight)
            for read, weight in square:
                F.conv2d(read, weight, padding=1)
            across, columns, down, rows = upsampled
            torch.matmul(across, columns)
            torch.matmul(down, rows)

    return compute
