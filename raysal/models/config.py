"""Settings of the network."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, PositiveInt, field_validator, model_validator

from raysal.config.base import Frozen


class DifficultyConfig(Frozen):
    """The difficulty branch (DEAL, section 3.2 and Figs. 8-9)."""

    branch: Literal["auto", "none", "late", "early"] = "auto"
    """Where it starts: from the class probabilities (`late`), from the decoder input (`early`).
    `auto` is `late` when the strategy reads difficulty and `none` otherwise."""
    pam: bool = True
    """Probability attention module (Eq. 2); off is the ablation of Fig. 8."""
    grid: Literal["auto"] | tuple[PositiveInt, PositiveInt] = "auto"
    """(height, width) of the attention grid in cells. `auto`: a sixth of the input, at most
    86 x 86 cells in all, which gives the paper's 60 x 80 and 86 x 86."""
    order: Literal["logits_resize_softmax", "softmax_resize"] = "logits_resize_softmax"
    """Resize the logits and then take the softmax, or the other way round."""
    neg_gamma: Literal["apply", "bypass"] = "apply"
    """`bypass` leaves the attention out while gamma < -0.01, as the released code does."""
    nopam_input: Literal["probs", "logits"] = "probs"
    """What the 1x1 convolution reads when `pam` is off; the released code reads raw logits."""


class ModelConfig(Frozen):
    """DeepLabv3+ on MobileNetV2."""

    name: Literal["deeplabv3plus_mobilenet_v2"] = "deeplabv3plus_mobilenet_v2"
    weights: str = "imagenet"
    """Initial encoder weights: `imagenet` (torchvision's, downloaded once), `none`, or the path
    of a torchvision MobileNetV2 state dict."""
    output_stride: Literal[8, 16] = 16
    decoder_dropout: tuple[float, float] = (0.5, 0.2)
    """After the two 3x3 convolutions of the decoder (ViewAL: 0.5, 0.25)."""
    difficulty: DifficultyConfig = Field(default_factory=DifficultyConfig)

    @field_validator("weights")
    @classmethod
    def _absolute_path(cls, value: str) -> str:
        return value if value in ("imagenet", "none") else str(Path(value).absolute())

    @model_validator(mode="after")
    def _dropout_is_a_share(self) -> ModelConfig:
        if not all(0 <= p < 1 for p in self.decoder_dropout):
            raise ValueError("model.decoder_dropout must lie in [0, 1)")
        return self

    def with_branch(self, needs_difficulty: bool) -> ModelConfig:
        """The same settings with `difficulty.branch` no longer `auto`."""
        if self.difficulty.branch != "auto":
            return self
        branch = "late" if needs_difficulty else "none"
        return self.model_copy(
            update={"difficulty": self.difficulty.model_copy(update={"branch": branch})}
        )
