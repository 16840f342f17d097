"""A first pass of a network that raysal has not made, before anything else is done with it."""

from __future__ import annotations

import torch

from raysal.errors import ConfigError
from raysal.inference.device import autocast, resolve_precision
from raysal.inference.precision import Precision
from raysal.models.network import Network


@torch.inference_mode()
def try_network(network: Network, size: tuple[int, int], precision: Precision) -> None:
    """Run the network on two images of noise of `size`, on the CPU and in the run's precision.

    Raises:
        ConfigError: it fails, or its logits are not finite numbers.
    """
    random = torch.Generator().manual_seed(0)
    images_BDHW = torch.randn(2, network.in_channels, *size, generator=random)
    device = torch.device("cpu")
    name, at = network.config.name, f"images of {size[0]}x{size[1]}"
    network.eval()
    try:
        with autocast(precision, device):
            logits_BCHW = network(images_BDHW).logits_BCHW
    except Exception as error:  # Of code that is not ours: any kind.
        reason = " ".join(str(error).split())[:300]
        raise ConfigError(
            f"model: the network ({name}) fails on {at}: {type(error).__name__}: {reason}"
        ) from error
    if not bool(logits_BCHW.isfinite().all()):
        if resolve_precision(precision, device) == "bf16":
            raise ConfigError(
                f"model: the logits of the network ({name}) on {at} are not finite numbers in "
                "bfloat16; set train.precision=fp32"
            )
        raise ConfigError(
            f"model: the logits of the network ({name}) on {at} are not finite numbers"
        )
