"""Settings of the training augmentation."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from raysal.config.marks import added_later
from raysal.config.settings import Frozen

Scale = Annotated[float, Field(ge=0.05, le=10)]


class AugmentConfig(Frozen):
    """Random augmentation of a labelled image, each time it is trained on."""

    scale: tuple[Scale, Scale] = (0.8, 1.2)
    """Range of the random scale; (1, 1): no scaling. Memory grows with its square."""
    flip: float = Field(default=0.5, ge=0, le=1)
    """Probability of a horizontal flip."""
    jitter: float = Field(default=0.5, ge=0, lt=1)
    """Brightness, contrast and saturation are each multiplied by 1 ± this at most; 0: none. Images
    of other than 3 channels have no saturation, and contrast about the mean of each channel."""
    blur: float = Field(default=0.0, ge=0, le=1)
    """Probability of a Gaussian blur with a standard deviation from (0, 1) pixels (CPRAL, after
    ViewAL: 0.5)."""
    crop: Literal["full", "square"] = "full"
    """Crop to the working size, or to a square of its short side as the released code does."""

    padding: Annotated[Literal["around", "after"], added_later("around")] = "around"
    """Where an image that is scaled below the crop is padded: equally on all sides, or on the right
    and below (`after`, the released code)."""
    jitter_order: Annotated[Literal["random", "fixed"], added_later("random")] = "random"
    """Order of brightness, contrast and saturation: drawn for each image, or always this one
    (`fixed`, the released code)."""

    @model_validator(mode="after")
    def _scale_is_a_range(self) -> AugmentConfig:
        if self.scale[0] > self.scale[1]:
            raise ValueError("augment.scale must be [smallest, largest]")
        return self
