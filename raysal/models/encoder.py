"""What a segmentation network asks of its backbone."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar

from torch import Tensor, nn


class Encoder(nn.Module, ABC):
    """A backbone that gives its stages by name; to add one, see `raysal.models.backbones`.

    Dropout is none of its business: networks that vote have theirs outside the backbone, so that
    any backbone can vote.
    """

    stage_channels: Mapping[str, int]
    """Channels of every stage, first to last."""
    low: ClassVar[str]
    """Stage at 1/4 of the input's resolution, which the decoder reads."""
    high: ClassVar[str]
    """Last stage, at 1/`output_stride`, which the ASPP reads."""
    rating_stages: ClassVar[Mapping[str, tuple[str, ...]]]
    """What a rating head reads: `six` (CPRAL) and `four` (Yoo & Kweon)."""

    @abstractmethod
    def forward(self, image_BDHW: Tensor) -> dict[str, Tensor]:
        """All stages of normalised images."""

    @abstractmethod
    def load_published(self, state: Mapping[str, Tensor]) -> None:
        """Take a classifier's state dict in the layout of its authors.

        Raises:
            KeyError, RuntimeError: a key is absent or has another shape.
        """


def dilate(module: nn.Module, dilation: int, before: int) -> None:
    """Give all dense convolutions in `module` stride 1, and 3x3 ones a dilation, in place.

    This is how a classifier's last stages are kept from shrinking the image further.

    Args:
        before: dilation of what is in front of it. The convolution that would have shrunk the image
            still sees what is in front of it, and is dilated like that.
    """
    for part in module.modules():
        if not isinstance(part, nn.Conv2d):
            continue
        if part.kernel_size == (3, 3):
            d = dilation if part.stride == (1, 1) else before
            part.dilation = part.padding = (d, d)
        part.stride = (1, 1)
