"""Settings of the network."""

from __future__ import annotations

import math
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    Field,
    PositiveInt,
    SerializerFunctionWrapHandler,
    field_validator,
    model_serializer,
    model_validator,
)

from raysal.config.known import one_of
from raysal.config.marks import added_later
from raysal.config.settings import Frozen, NamedFile
from raysal.errors import ConfigError, did_you_mean
from raysal.models.backbones import BACKBONES
from raysal.models.networks import COMMON, NETWORKS, NetworkInfo

# Attention compares every cell with every other one: 1 GiB per image at this number.
MAX_CELLS = 16_384
MAX_AUTO_CELLS = 86 * 86
# Architectures of segmentation-models-pytorch.
ARCHITECTURES = (
    "unet", "unetplusplus", "manet", "linknet", "fpn", "pspnet", "deeplabv3", "deeplabv3plus",
    "pan", "upernet", "segformer", "dpt",
)  # fmt: skip
# Layers besides the encoder's stages whose output can be averaged; see `PooledFeatures`.
ASPP, DECODER = "aspp", "decoder"


def sixth(size: tuple[int, int]) -> tuple[int, int]:
    """(height, width) of the attention grid of DEAL for images of `size` pixels: a sixth of them,
    shrunk in proportion to at most 86 x 86 cells.

    60 x 80 for 360 x 480 and 86 x 86 for 688 x 688, the paper's two grids.
    """
    height, width = size[0] / 6, size[1] / 6
    shrink = min(1.0, math.sqrt(MAX_AUTO_CELLS / (height * width)))
    return max(1, round(height * shrink)), max(1, round(width * shrink))


class BatchLimits(Frozen):
    """How many images an exported model takes at a time; other batches are split or padded."""

    fewest: PositiveInt = 1
    most: PositiveInt | None = None


class ExportedConfig(Frozen):
    """How an exported model is used; see `raysal.models.exported`."""

    format: Literal["pt2", "onnx"]
    """A `torch.export` archive, or an ONNX file."""
    batch: BatchLimits = Field(default_factory=BatchLimits)


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
    start: Annotated[Literal["kaiming", "torch"], added_later("kaiming")] = "kaiming"
    """How the 1x1 convolution starts: Kaiming-normal weights without bias, or as torch starts a
    convolution. The released code has torch's start in the late branch; in the early one, only its
    bias, which `torch` respects."""

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
    """The network: DeepLabv3+ on one of several backbones, or another one of
    `raysal.models.networks`. A setting that the network does not have must not be given."""

    name: Annotated[str, one_of(NETWORKS)] = "deeplabv3plus_mobilenet_v2"
    """DeepLabv3+ on MobileNetV2 (DEAL, CPRAL), DRN-D (CPRAL, depth not stated; ViewAL: 54) or
    ResNet; `smp`: any network of segmentation-models-pytorch; `python`: your own; `exported`: an
    archive, which is not trained."""
    weights: Literal["imagenet", "none"] | NamedFile = "imagenet"
    """Initial encoder weights: `imagenet` (downloaded once), `none`, or the path of a state dict in
    the layout of torchvision (for DRN, of its authors; for `smp`, of the encoder; for `python`, of
    the whole module). For `python`, the default is `none`: those that its factory returns."""
    arch: Annotated[Annotated[str, one_of(ARCHITECTURES)] | None, added_later(None)] = None
    """Of `smp`: the architecture, such as `unet`, `fpn` or `segformer`."""
    encoder: Annotated[str | None, added_later(None)] = None
    """Of `smp`: the encoder, such as `resnet18` or `mit_b0`; `tu-` and a name for one of timm."""
    factory: Annotated[str | None, added_later(None)] = None
    """Of `python`: `module:function`, which returns the network; see `raysal.models.own`."""
    stages: Annotated[tuple[str, ...], added_later([])] = ()
    """Of `python`: names of submodules whose outputs are the encoder's stages, first to last."""
    arguments: Annotated[dict[str, Any], added_later({})] = Field(default_factory=dict)
    """Of `smp` and `python`: further keyword arguments of the architecture or the factory."""
    exported: Annotated[ExportedConfig | None, added_later(None)] = None
    """Of `exported`, which only `raysal model wrap` makes: how its archive is used."""
    output_stride: Literal["auto", 8, 16] = "auto"
    """Of DeepLabv3+: input size divided by the size of the last feature map. `auto`: 16; for DRN
    8."""
    decoder_dropout: tuple[float, float] = (0.5, 0.2)
    """Of DeepLabv3+: probabilities after the two 3x3 convolutions of the decoder (ViewAL: 0.5,
    0.25)."""
    classifier_bias: Annotated[Literal["zero", "torch"], added_later("zero")] = "zero"
    """Of DeepLabv3+: how the bias of the last convolution starts: at 0, or as torch starts it
    (DEAL's released code). Its weights are Kaiming-normal in both."""
    channel_dropout: float = Field(default=0.0, ge=0, lt=1)
    """Probability of dropping a channel of the stages that the decoder reads (of DeepLabv3+: the
    encoder's output and the low-level feature), in training and in dropout passes (CPRAL, after
    ViewAL: 0.25)."""
    difficulty: DifficultyConfig = Field(default_factory=DifficultyConfig)
    rating_stages: RatingStages = "auto"
    """Encoder stages that the rating head reads: the backbone's `six` (CPRAL), its `four` (Yoo &
    Kweon), stages by name, or `none`. `auto`: what the strategy reads. Of networks other than
    DeepLabv3+: the last six or four."""

    @field_validator("factory")
    @classmethod
    def _factory_is_a_function_of_a_module(cls, factory: str | None) -> str | None:
        if factory is not None:
            module, _, function = factory.partition(":")
            if not all(part.isidentifier() for part in (*module.split("."), function)):
                raise ValueError("write it as module:function, such as mypackage.nets:make")
        return factory

    @model_validator(mode="before")
    @classmethod
    def _weights_as_the_network_starts(cls, values: Any) -> Any:
        if isinstance(values, Mapping) and "weights" not in values:
            network = NETWORKS.get(str(values.get("name")))
            if network is not None and network.weights == "none":
                return {**values, "weights": "none"}
        return values

    @model_validator(mode="after")
    def _settings_are_those_of_the_network(self) -> ModelConfig:
        network = NETWORKS[self.name]
        known = (*COMMON, *network.settings)
        for setting in sorted(self.model_fields_set):
            default = type(self).model_fields[setting].get_default(call_default_factory=True)
            if setting not in known and getattr(self, setting) != default:
                raise ValueError(
                    f"model.{setting} is no setting of {self.name}, which has "
                    f"{', '.join(known[1:])}; remove it"
                )
        for setting in network.needed:
            if getattr(self, setting) is None:
                raise ValueError(f"model.{setting} is missing: model.name={self.name} needs it")
        if self.difficulty.branch == "early" and not network.early:
            raise ValueError(
                f"model.difficulty.branch: {self.name} has no input for an early branch, only "
                "DeepLabv3+ has; use late"
            )
        return self

    @model_serializer(mode="wrap")
    def _dump_own_settings(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Only the settings that the network has."""
        known = (*COMMON, *NETWORKS[self.name].settings)
        return {name: value for name, value in dump(self).items() if name in known}

    @model_validator(mode="after")
    def _dropout_is_a_share(self) -> ModelConfig:
        if not all(0 <= p < 1 for p in self.decoder_dropout):
            raise ValueError("model.decoder_dropout must lie in [0, 1)")
        return self

    @model_validator(mode="after")
    def _backbone_has_the_stride(self) -> ModelConfig:
        strides = BACKBONES[self.name].strides if self.name in BACKBONES else ()
        if strides and self.output_stride not in ("auto", *strides):
            raise ValueError(f"model.output_stride: {self.name} supports only stride {strides[0]}")
        return self

    @property
    def info(self) -> NetworkInfo:
        """The network's entry in the registry."""
        return NETWORKS[self.name]

    @property
    def layout(self) -> str:
        """The layout of the weight files that the network reads, for messages."""
        if self.name in BACKBONES:
            return BACKBONES[self.name].layout
        return self.encoder or self.factory or self.name

    def check(self) -> None:
        """Check weights, stages and packages, as far as possible without torch and without the
        internet.

        Raises:
            ConfigError: it cannot be trained, the weight file does not exist, there are no ImageNet
                weights to download, the encoder has no such stage, or a package is not installed.
        """
        if not self.info.trained:
            raise ConfigError(
                f"model.name={self.name} is a network that raysal cannot train; train another one, "
                "and use a model folder of `raysal model wrap` with raysal score, predict, "
                "evaluate and annotate"
            )
        if not isinstance(self.rating_stages, str):
            for stage in self.rating_stages:
                self.check_stage("model.rating_stages", stage)
        if self.info.package is not None and find_spec(self.info.package) is None:
            raise ConfigError(
                f"model.name={self.name} needs the package {self.info.package}; install "
                f"'raysal[{self.info.extra}]'"
            )
        if self.weights == "imagenet":
            backbone = BACKBONES.get(self.name)
            if self.info.weights == "none" or (backbone is not None and backbone.imagenet is None):
                raise ConfigError(
                    f"model.weights: raysal cannot download {self.layout} weights; "
                    "give the path of such a file, or none"
                )
        elif self.weights != "none" and not Path(self.weights).is_file():
            raise ConfigError(
                f"model.weights: no file '{self.weights}'; give imagenet, none or the path of a "
                f"{self.layout} state dict"
            )

    def check_stage(self, setting: str, stage: str, *others: str) -> None:
        """Check the name of a stage if the backbone declares its stages.

        Args:
            setting: the setting that names it.
            others: names that are allowed as well.

        Raises:
            ConfigError: there is no such stage.
        """
        stages = BACKBONES[self.name].stages if self.name in BACKBONES else self.stages
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
