"""Settings of the network."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, PositiveInt, field_validator, model_validator

from raysal.config.known import one_of
from raysal.config.settings import Frozen, NamedFile
from raysal.errors import ConfigError, did_you_mean
from raysal.models.backbones import BACKBONES

# Attention compares every cell with every other one: 1 GiB per image at this number.
MAX_CELLS = 16_384
# Layers besides the encoder's stages whose output can be averaged; see `PooledFeatures`.
ASPP, DECODER = "aspp", "decoder"


class DifficultyConfig(Frozen):
    """The difficulty branch (DEAL, section 3.2 and Figs. 8-9)."""

    branch: Literal["auto", "none", "late", "early"] = "auto"
    """Where it starts: from the class probabilities (`late`) or the decoder input (`early`).
    `auto` is `late` when the strategy reads difficulty and `none` otherwise."""
    pam: bool = True
    """Probability attention module (Eq. 2); off is the ablation of Fig. 8."""
    grid: Literal["auto"] | tuple[PositiveInt, PositiveInt] = "auto"
    """(height, width) of the attention grid in cells. `auto`: a sixth of the input, at most
    86 x 86 cells in total, which gives the paper's two grids, 60 x 80 and 86 x 86."""
    order: Literal["logits_resize_softmax", "softmax_resize"] = "logits_resize_softmax"
    """Resize the logits and then take the softmax, or the other way round."""
    neg_gamma: Literal["apply", "bypass"] = "apply"
    """`bypass` skips the attention while gamma < -0.01, as the released code does."""
    nopam_input: Literal["probs", "logits"] = "probs"
    """What the 1x1 convolution reads when `pam` is off; the released code reads raw logits."""

    @field_validator("grid")
    @classmethod
    def _grid_is_bounded(
        cls, grid: Literal["auto"] | tuple[int, int]
    ) -> Literal["auto"] | tuple[int, int]:
        if grid != "auto" and grid[0] * grid[1] > MAX_CELLS:
            raise ValueError(f"a grid has at most {MAX_CELLS} cells")
        return grid


Stages = Annotated[tuple[str, ...], Field(min_length=1)]
RatingStages = Literal["auto", "none", "four", "six"] | Stages


class ModelConfig(Frozen):
    """DeepLabv3+ on one of several backbones."""

    name: Annotated[str, one_of(BACKBONES)] = "deeplabv3plus_mobilenet_v2"
    """The encoder: MobileNetV2 (DEAL, CPRAL), DRN-D (CPRAL, depth not stated; ViewAL: 54) or
    ResNet."""
    weights: Literal["imagenet", "none"] | NamedFile = "imagenet"
    """Initial encoder weights: `imagenet` (torchvision's, downloaded once), `none`, or the path
    of a state dict in torchvision's layout (for DRN, its authors')."""
    output_stride: Literal["auto", 8, 16] = "auto"
    """Input size divided by the size of the last feature map. `auto`: 16; for DRN 8."""
    decoder_dropout: tuple[float, float] = (0.5, 0.2)
    """Probabilities after the two 3x3 convolutions of the decoder (ViewAL: 0.5, 0.25)."""
    channel_dropout: float = Field(default=0.0, ge=0, lt=1)
    """Probability of dropping a channel of the encoder's output or of the low-level feature, in
    training and in dropout passes (CPRAL, after ViewAL: 0.25)."""
    difficulty: DifficultyConfig = Field(default_factory=DifficultyConfig)
    rating_stages: RatingStages = "auto"
    """Encoder stages that the rating head reads: the backbone's `six` (CPRAL), its `four` (Yoo &
    Kweon), stages by name, or `none`. `auto`: what the strategy reads."""

    @model_validator(mode="after")
    def _dropout_is_a_share(self) -> ModelConfig:
        if not all(0 <= p < 1 for p in self.decoder_dropout):
            raise ValueError("model.decoder_dropout must lie in [0, 1)")
        return self

    @model_validator(mode="after")
    def _backbone_has_the_stride(self) -> ModelConfig:
        strides = BACKBONES[self.name].strides
        if self.output_stride not in ("auto", *strides):
            raise ValueError(f"model.output_stride: {self.name} supports only stride {strides[0]}")
        return self

    def check(self) -> None:
        """Check weights and stages, as far as possible without torch and without the internet.

        Raises:
            ConfigError: the weight file does not exist, there are no ImageNet weights to download,
                or the encoder has no such stage.
        """
        if not isinstance(self.rating_stages, str):
            for stage in self.rating_stages:
                self.check_stage("model.rating_stages", stage)
        backbone = BACKBONES[self.name]
        if self.weights == "imagenet":
            if backbone.imagenet is None:
                raise ConfigError(
                    f"model.weights: raysal cannot download {backbone.layout} weights; "
                    "give the path of such a file, or none"
                )
        elif self.weights != "none" and not Path(self.weights).is_file():
            raise ConfigError(
                f"model.weights: no file '{self.weights}'; give imagenet, none or the path of a "
                f"{backbone.layout} state dict"
            )

    def check_stage(self, setting: str, stage: str, *others: str) -> None:
        """Check the name of a stage if the backbone declares its stages.

        Args:
            setting: the setting that names it.
            others: names that are allowed as well.

        Raises:
            ConfigError: there is no such stage.
        """
        stages = BACKBONES[self.name].stages
        if stages and stage not in (*stages, *others):
            hint = did_you_mean(stage, (*stages, *others))
            raise ConfigError(f"{setting}: {self.name} has no stage '{stage}'{hint}")

    @property
    def stride(self) -> int:
        """The output stride, with `auto` resolved."""
        stride = self.output_stride
        return BACKBONES[self.name].strides[0] if stride == "auto" else stride

    def resolved(self, needs: frozenset[str], rating_stages: RatingStages = "none") -> ModelConfig:
        """These settings with branch and rating stages chosen for a strategy that reads `needs`."""
        update: dict[str, object] = {}
        if self.difficulty.branch == "auto":
            branch = "late" if "difficulty" in needs else "none"
            update["difficulty"] = self.difficulty.model_copy(update={"branch": branch})
        if self.rating_stages == "auto":
            update["rating_stages"] = rating_stages if "rating" in needs else "none"
        return self.model_copy(update=update)
