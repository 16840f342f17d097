"""Logits of dropout passes over one image, by the fastest way that its network has."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from raysal.inference.device import autocast
from raysal.inference.element_passes import ElementPasses
from raysal.inference.masks import dropout_masks
from raysal.inference.own_dropout import Numbered, own_dropout_passes
from raysal.inference.passes import Passes as DeepLabPasses
from raysal.inference.precision import Precision
from raysal.inference.predict import normalise
from raysal.inference.vote import Dropped
from raysal.models.deeplab import DeepLabV3Plus
from raysal.models.network import Network


def dropout_passes(
    network: Network,
    image_DHW: Tensor,
    seed: int,
    passes: int,
    dropped: Dropped,
    precision: Precision,
) -> Numbered:
    """From the numbers of some of the M passes to their float32 logits; the part before what is
    dropped is computed once, here.

    Args:
        image_DHW: as it is decoded.
        passes: M.
    """
    image_1DHW = normalise(image_DHW.unsqueeze(0), network.pixels)
    if isinstance(network, DeepLabV3Plus):
        return _of_deeplab(network, image_1DHW, seed, passes, dropped, precision)
    with autocast(precision, image_DHW.device):
        if dropped == "network":
            numbered = own_dropout_passes(network, image_1DHW, seed)
        else:
            run = network.passes(image_1DHW)
            masks = _ChannelMasks(network, seed, passes, image_DHW.device)
            numbered = lambda some: run(masks(some))  # noqa: E731

    def logits(some: Sequence[int]) -> Tensor:
        with autocast(precision, image_DHW.device):
            return numbered(some)

    return logits


def _of_deeplab(
    network: DeepLabV3Plus,
    image_1DHW: Tensor,
    seed: int,
    passes: int,
    dropped: Dropped,
    precision: Precision,
) -> Numbered:
    with autocast(precision, image_1DHW.device):
        stages = network.stages(image_1DHW)
    high_hwD, low_yxD = (stages[name][0].permute(1, 2, 0) for name in network.decoder_stages)
    heads: Callable[[Sequence[int]], Tensor]
    if dropped == "network":
        heads = ElementPasses(network, high_hwD, low_yxD, seed).numbered
    else:
        by_channel = DeepLabPasses(network, high_hwD, low_yxD)
        masks = _ChannelMasks(network, seed, passes, image_1DHW.device)
        heads = lambda some: by_channel.logits(*masks(some))  # noqa: E731
    # Channels stay last in memory, which makes resizing and argmax fast.
    return lambda some: heads(some).permute(0, 3, 1, 2)


class _ChannelMasks:
    """Channel factors (m, D) of each stage that the decoder reads, by the numbers of m passes."""

    def __init__(self, network: Network, seed: int, passes: int, device: torch.device) -> None:
        self._channels = [network.stage_channels[name] for name in network.decoder_stages]
        p = network.config.channel_dropout
        self._masks_MD = dropout_masks(seed, passes, sum(self._channels), p).to(device)

    def __call__(self, some: Sequence[int]) -> Sequence[Tensor]:
        return self._masks_MD[list(some)].split(self._channels, 1)
