"""Size of the adversary's networks, and what its discriminator is given."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import PositiveInt

from raysal.config.settings import Frozen

# The encoder halves the side of its images four times.
SHRINKS = 16

Rank = Literal["none", "raw", "sigmoid"]


class AdversaryShape(Frozen):
    """What determines the shapes of an adversary's weights and inputs."""

    side: PositiveInt
    """S, side of its square input images in pixels; a multiple of 16."""
    latent: PositiveInt
    """Z, length of the latent vector."""
    width: PositiveInt
    """Number of channels of the encoder's first convolution."""
    rank: Rank
    """What the discriminator is given of an image's predicted loss: nothing, the loss itself, or
    its sigmoid."""

    channels: PositiveInt = 3
    """Of its input images."""

    def dump(self) -> dict[str, Any]:
        """As for all settings; without `channels` for RGB, as earlier versions wrote it."""
        values = super().dump()
        return {k: v for k, v in values.items() if k != "channels" or v != 3}

    @property
    def ranked(self) -> bool:
        """Whether the discriminator needs an image's predicted loss (TA-VAAL)."""
        return self.rank != "none"
