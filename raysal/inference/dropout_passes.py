"""Logits of dropout passes over one image, by the fastest way that its network has."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from raysal.inference.device import autocast
from raysal.inference.passes import Passes as DeepLabPasses
from raysal.inference.precision import Precision
from raysal.inference.predict import normalise
from raysal.models.deeplab import DeepLabV3Plus
from raysal.models.network import Network, Passes


def dropout_passes(network: Network, image_3HW: Tensor, precision: Precision) -> Passes:
    """From channel factors (M, D) of each stage that the decoder reads to float32 logits
    (M, C, h, w); the part before these stages is computed once, here.

    Args:
        image_3HW: uint8 RGB.
    """
    if isinstance(network, DeepLabV3Plus):
        return _of_deeplab(network, image_3HW, precision)
    with autocast(precision, image_3HW.device):
        passes = network.passes(normalise(image_3HW.unsqueeze(0)))

    def logits(factors: Sequence[Tensor]) -> Tensor:
        with autocast(precision, image_3HW.device):
            return passes(factors)

    return logits


def _of_deeplab(network: DeepLabV3Plus, image_3HW: Tensor, precision: Precision) -> Passes:
    with autocast(precision, image_3HW.device):
        stages = network.stages(normalise(image_3HW.unsqueeze(0)))
    high_hwD, low_yxD = (stages[name][0].permute(1, 2, 0) for name in network.decoder_stages)
    heads = DeepLabPasses(network, high_hwD, low_yxD)

    def logits(factors: Sequence[Tensor]) -> Tensor:
        high_MD, low_MD = factors
        # Channels stay last in memory, which makes resizing and argmax fast.
        return heads.logits(high_MD, low_MD).permute(0, 3, 1, 2)

    return logits
