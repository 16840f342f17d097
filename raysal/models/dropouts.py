"""The dropout layers that a network has of its own, apart from `model.channel_dropout`."""

from __future__ import annotations

from torch import nn

from raysal.errors import ConfigError
from raysal.models.network import Network

KINDS = (nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d)
BRANCHES = ("drop", "difficulty", "rating")
"""Parts that have no say in the classes, and the channel dropout."""


def own_dropouts(network: Network) -> list[nn.Module]:
    """Those of encoder and decoder that drop something."""
    return [
        module
        for name, module in network.named_modules()
        if isinstance(module, KINDS) and 0 < module.p < 1 and name.split(".", 1)[0] not in BRANCHES
    ]


def check_own_dropout(network: Network) -> None:
    """Check that there are any.

    Raises:
        ConfigError: there are none, so that all passes would be equal.
    """
    if not own_dropouts(network):
        raise ConfigError(
            f"acquisition.dropout=network: the network ({network.config.name}) has no dropout "
            "layer (torch.nn.Dropout), so all votes would be equal; train with "
            "model.channel_dropout=0.25 and use acquisition.dropout=channels"
        )
