"""The difficulty branch: a map of where the segmentation will be wrong (DEAL, section 3.2)."""

from __future__ import annotations

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from raysal.models.config import DifficultyConfig, sixth
from raysal.models.dropout import Dropout
from raysal.models.layers import conv_bn_relu, init_kaiming, resize
from raysal.models.pam import ProbabilityAttention


def attention_grid(size: tuple[int, int], config: DifficultyConfig) -> tuple[int, int]:
    """(height, width) of the attention grid for an input of `size` pixels."""
    return sixth(size) if config.grid == "auto" else config.grid


class DifficultyBranch(nn.Module):
    """Logits of the difficulty map M^d.

    Late (default): resize the segmentation logits to the attention grid, softmax, PAM, 1x1
    convolution; C + 1 parameters and γ. No gradient is stopped: the difficulty loss also trains
    the segmentation network. Early: a head on
    the decoder input replaces the segmentation logits.
    """

    def __init__(self, config: DifficultyConfig, classes: int, decoder_channels: int) -> None:
        super().__init__()
        self.config = config
        self.head: nn.Sequential | None = None
        if config.branch == "early":
            self.head = nn.Sequential(
                conv_bn_relu(decoder_channels, 256, 3),
                Dropout(0.5),
                conv_bn_relu(256, classes, 3),
            )
        self.pam = ProbabilityAttention(config.neg_gamma == "bypass") if config.pam else None
        self.classify = nn.Conv2d(classes, 1, kernel_size=1)

    def initialize(self) -> None:
        """The weights that training starts from; see `DifficultyConfig.start`."""
        as_torch = self.config.start == "torch"
        if self.head is not None or not as_torch:
            init_kaiming(self, biases=not as_torch)

    def forward(
        self, logits_BCHW: Tensor, decoder_BDHW: Tensor | None, size: tuple[int, int]
    ) -> Tensor:
        """(B, H, W) logits at input `size`, from logits of any resolution, or, by an early branch,
        from the decoder's input."""
        x = logits_BCHW if self.head is None else self.head(decoder_BDHW)
        # float32 even under autocast: attention and error probabilities lie close together.
        with torch.autocast(x.device.type, enabled=False):
            x = self.classify(self._attend(x.float(), size))
            return resize(x, size).squeeze(1)

    def _attend(self, logits_BCHW: Tensor, size: tuple[int, int]) -> Tensor:
        if self.pam is None and self.config.nopam_input == "logits":
            return logits_BCHW
        grid = attention_grid(size, self.config)
        if self.config.order == "logits_resize_softmax":
            probs_BCHW = F.softmax(resize(logits_BCHW, grid), dim=1)
        else:
            probs_BCHW = resize(F.softmax(logits_BCHW, dim=1), grid)
        return probs_BCHW if self.pam is None else self.pam(probs_BCHW)
