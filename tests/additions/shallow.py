"""An example of a backbone: four convolutions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from torch import Tensor, nn

from raysal.models.encoder import Encoder


class ShallowEncoder(Encoder):
    """Stages at 1/4, 1/8 and 1/16 of the input."""

    stage_channels: Mapping[str, int] = {"s4": 16, "s8": 24, "s16": 32}
    low: ClassVar[str] = "s4"
    high: ClassVar[str] = "s16"
    rating_stages: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "four": ("s4", "s8", "s16"),
        "six": ("s4", "s8", "s16"),
    }

    def __init__(self, stride: int) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 16, 3, stride=4, padding=1)
        self.s8 = nn.Conv2d(16, 24, 3, stride=2, padding=1)
        self.s16 = nn.Conv2d(24, 32, 3, stride=2, padding=1)

    def forward(self, image_BDHW: Tensor) -> dict[str, Tensor]:
        """All three stages."""
        s4 = self.stem(image_BDHW).relu()
        s8 = self.s8(s4).relu()
        return {"s4": s4, "s8": s8, "s16": self.s16(s8).relu()}

    def load_published(self, state: Mapping[str, Tensor]) -> None:
        """The state dict of this module."""
        self.load_state_dict(dict(state))
