"""Settings of an encoder that only compares images, apart from the network that is trained."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, field_validator

from raysal.config.settings import Frozen, NamedFile
from raysal.errors import ConfigError

PREFIX = "tu-"
"""Of timm's names where other names are possible, as segmentation-models-pytorch has it."""
Side = Annotated[int, Field(ge=16, le=4096)]


class FeatureConfig(Frozen):
    """An encoder of timm whose features tell how alike two images are; it is never trained."""

    encoder: str
    """Its name in timm, such as `resnet18` or `vit_small_patch14_dinov2.lvd142m`; `tu-` may precede
    it."""
    weights: Literal["pretrained", "none"] | NamedFile = "pretrained"
    """`pretrained` (those of the name, downloaded once), `none` (random), or the path of a file
    with the encoder's state dict, in timm's layout."""
    pool: Literal["own", "mean"] = "own"
    """How one vector is made of the last feature map: as the encoder does it itself before its
    classifier (a vision transformer often takes its class token), or the mean over the image."""
    size: tuple[Side, Side] | None = None
    """(height, width) that images are resized to for the encoder. null: the encoder's own if it
    reads a single size, as vision transformers do, otherwise the size of the task."""

    @field_validator("encoder")
    @classmethod
    def _without_prefix(cls, encoder: str) -> str:
        return encoder.removeprefix(PREFIX)

    def check(self) -> None:
        """Check package and file, as far as possible without torch and without the internet.

        Raises:
            ConfigError: timm is not installed, or the weight file does not exist.
        """
        if find_spec("timm") is None:
            raise ConfigError(
                "features.encoder needs the package timm; install it with pip install 'raysal[smp]'"
            )
        if self.weights not in ("pretrained", "none") and not Path(self.weights).is_file():
            raise ConfigError(
                f"features.weights: no file '{self.weights}'; give pretrained, none or the path of "
                f"a {self.encoder} state dict"
            )
