"""The interface of a backbone."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar

from torch import Tensor, nn


class Encoder(nn.Module, ABC):
    """A backbone that returns its stages by name; to add one, see `raysal.models.backbones`.

    It needs no dropout of its own: the network applies channel dropout to the encoder's outputs,
    so that dropout passes work with any backbone.
    """

    stage_channels: Mapping[str, int]
    """Channels of every stage, first to last."""
    low: ClassVar[str]
    """Stage at 1/4 of the input's resolution, which the decoder reads."""
    high: ClassVar[str]
    """Last stage, at 1/`output_stride`, which the ASPP reads."""
    rating_stages: ClassVar[Mapping[str, tuple[str, ...]]]
    """Stages that a rating head reads: `six` (CPRAL) and `four` (Yoo & Kweon)."""

    @abstractmethod
    def forward(self, image_BDHW: Tensor) -> dict[str, Tensor]:
        """Feature maps of all stages, from normalised images."""

    @abstractmethod
    def load_published(self, state: Mapping[str, Tensor]) -> None:
        """Load a classifier's published state dict, without the classifier.

        Raises:
            KeyError, RuntimeError: a weight is missing or has another shape.
        """

    def published_names(self) -> dict[str, Tensor]:
        """This module's tensors by the names that `load_published` asks for."""
        return self.state_dict()


def dilate(module: nn.Module, dilation: int, before: int) -> None:
    """Replace stride by dilation, in place: stride 1 for all convolutions, dilated 3x3 ones.

    This keeps a classifier's last stages from shrinking the image further.

    Args:
        before: dilation of the preceding stage. The convolution that had the stride reads that
            stage's output, so it takes that stage's dilation.
    """
    for part in module.modules():
        if not isinstance(part, nn.Conv2d):
            continue
        if part.kernel_size == (3, 3):
            d = dilation if part.stride == (1, 1) else before
            part.dilation = part.padding = (d, d)
        part.stride = (1, 1)
