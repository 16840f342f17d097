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


def dropout_passes(network: Network, image_DHW: Tensor, precision: Precision) -> Passes:
    """From channel factors (M, D) of each stage that the decoder reads to float32 logits
    (M, C, h, w); the part before these stages is computed once, here.

    Args:
        image_DHW: as it is decoded.
    """
    if isinstance(network, DeepLabV3Plus):
        return _of_deeplab(network, image_DHW, precision)
    with autocast(precision, image_DHW.device):
        passes = network.passes(normalise(image_DHW.unsqueeze(0), network.pixels))

    def logits(factors: Sequence[Tensor]) -> Tensor:
        with autocast(precision, image_DHW.device):
            return passes(factors)

    return logits


def _of_deeplab(network: DeepLabV3Plus, image_DHW: Tensor, precision: Precision) -> Passes:
    with autocast(precision, image_DHW.device):
        stages = network.stages(normalise(image_DHW.unsqueeze(0), network.pixels))
    high_hwD, low_yxD = (stages[name][0].permute(1, 2, 0) for name in network.decoder_stages)
    heads = DeepLabPasses(network, high_hwD, low_yxD)

    def logits(factors: Sequence[Tensor]) -> Tensor:
        high_MD, low_MD = factors
        # Channels stay last in memory, which makes resizing and argmax fast.
        return heads.logits(high_MD, low_MD).permute(0, 3, 1, 2)

    return logits
