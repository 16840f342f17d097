"""The rating head: predicts an image's loss from the encoder's stages.

CPRAL, section 3.1 and Fig. 2, with six stages; Yoo & Kweon, "Learning Loss for Active Learning"
(CVPR 2019), with four.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

WIDTH = 128


class RatingHead(nn.Module):
    """Each stage: spatial mean, linear to 128, ReLU; then all of them: linear to one number.

    Args:
        channels: number of channels of each stage that it reads, by name.
    """

    labelled_mean: Tensor

    def __init__(self, channels: Mapping[str, int]) -> None:
        super().__init__()
        self.stages = tuple(channels)
        self.embed = nn.ModuleList(nn.Linear(n, WIDTH) for n in channels.values())
        self.rate = nn.Linear(WIDTH * len(channels), 1)
        self.register_buffer("labelled_mean", torch.zeros(()))
        """Mean rating of the images the model was trained on, set at the end of training."""
        self.detached = False
        """Whether the encoder gets no gradient from this head, as late in training."""

    def forward(self, stages: Mapping[str, Tensor]) -> Tensor:
        """(B,) float32 ratings: predicted losses, on no particular scale."""
        parts = []
        for name, embed in zip(self.stages, self.embed, strict=True):
            x_BDHW = stages[name].detach() if self.detached else stages[name]
            # float32 even under autocast: ratings are compared across the pool.
            with torch.autocast(x_BDHW.device.type, enabled=False):
                parts.append(torch.relu(embed(x_BDHW.float().mean((2, 3)))))
        with torch.autocast(parts[0].device.type, enabled=False):
            rating_B1: Tensor = self.rate(torch.cat(parts, 1))
        return rating_B1.squeeze(1)
