"""The contract of every network: named stages of an encoder, and a decoder that reads some of them.

Everything else is built on these two and is here once: the forward pass, the difficulty branch, the
rating head, channel dropout and its repeated passes, the layers whose output is averaged into
features, and the groups of parameters with learning rates of their own.

To add a network, see `raysal.models.networks`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import ClassVar, Protocol

import torch
from torch import Tensor, nn

from raysal.data.pixel_format import RGB, PixelFormat
from raysal.errors import ConfigError, did_you_mean
from raysal.models.config import ASPP, ModelConfig
from raysal.models.difficulty import DifficultyBranch
from raysal.models.layers import resize
from raysal.models.rating import RatingHead

Stages = Mapping[str, Tensor]
"""Outputs of an encoder by name; besides those of `stage_channels`, whatever the decoder reads."""
Alter = Callable[[str, Tensor], Tensor]
"""Name and output (B, D, h, w) of a stage to what the decoder reads instead."""
Passes = Callable[[Sequence[Tensor]], Tensor]
"""Channel factors (M, D) of each of the `decoder_stages` to logits (M, C, h, w) of M passes."""
MOST_RATED = {"four": 4, "six": 6}


@dataclass(frozen=True)
class Output:
    """Result of one forward pass, in float32; maps are at input resolution.

    Attributes:
        logits_BCHW: class logits.
        difficulty_logits_BHW: logits of the difficulty map, or None without that branch.
        rating_B: predicted loss of each image, or None without a rating head.
    """

    logits_BCHW: Tensor
    difficulty_logits_BHW: Tensor | None
    rating_B: Tensor | None = None


@dataclass(frozen=True)
class Decoded:
    """What a decoder returns.

    Attributes:
        logits_BChw: class logits at the decoder's own resolution, which cover the whole image.
        input_BDhw: what an early difficulty branch reads; None if the network has no such input.
    """

    logits_BChw: Tensor
    input_BDhw: Tensor | None = None


class Network(nn.Module, ABC):
    """A segmentation network: normalised images (B, D, H, W) of any size in, logits out.

    Subclasses build their layers, set the attributes below, and call `add_branches` last.

    Args:
        in_channels: D, channels of the images.
    """

    every_parameter_is_used: ClassVar[bool] = False
    """Whether each training step gives each parameter a gradient; else data-parallel training
    looks for those that get none."""

    decodes_alone: ClassVar[bool] = True
    """Whether `decode` can be called without the rest."""

    stage_channels: Mapping[str, int]
    """Channels of every stage, first to last; empty if the network shows none."""
    decoder_stages: tuple[str, ...]
    """Stages that the decoder reads, and on which channel dropout acts."""
    pixels: PixelFormat = RGB
    """How the images are read that it was made for, and what its input is normalised with."""

    def __init__(self, config: ModelConfig, classes: int, in_channels: int = 3) -> None:
        super().__init__()
        self.config = config
        self.classes = classes
        self.in_channels = in_channels
        self.drop = nn.Dropout2d(config.channel_dropout)
        self.difficulty: DifficultyBranch | None = None
        self.rating: RatingHead | None = None
        self._watchers: dict[str, list[Callable[[Tensor], None]]] = {}

    # --- What a network defines -------------------------------------------------------------

    @abstractmethod
    def stages(self, image_BDHW: Tensor) -> Stages:
        """The encoder's outputs."""

    @abstractmethod
    def decode(self, stages: Stages, size: tuple[int, int]) -> Decoded:
        """Logits from stages, which may have been altered, for images of `size`."""

    @abstractmethod
    def load_initial_weights(self) -> None:
        """Load the weights that `config.weights` names, unless it is `none`.

        Raises:
            ConfigError: they cannot be downloaded.
            CheckpointError: the weight file is absent, damaged or of another network.
        """

    # --- What a network may define otherwise ------------------------------------------------

    @property
    def low_stage(self) -> str:
        """The stage of high resolution with which label extension compares cells."""
        self.need_stages("cle.features=lowlevel")
        return next(iter(self.stage_channels))

    @property
    def last_stage(self) -> str:
        """The end of the encoder, up to which pretrained weights reach."""
        self.need_stages("al.start")
        return list(self.stage_channels)[-1]

    def rated_stages(self, kind: str) -> tuple[str, ...]:
        """Stages that a rating head reads: the last `four`, or the last `six`, if there are so
        many."""
        return tuple(self.stage_channels)[-MOST_RATED[kind] :]

    def layers(self) -> dict[str, int]:
        """Layers whose output can be averaged into features, and the length of their vectors.

        `aspp` stands for the end of the encoder in networks without an ASPP.
        """
        if not self.stage_channels:
            return {}
        return {**self.stage_channels, ASPP: self.stage_channels[self.last_stage]}

    def run_to(self, layer: str, image_BDHW: Tensor) -> None:
        """Compute a layer for those who `watch` it, and little of what comes behind it."""
        self._show_stages(self.stages(image_BDHW))

    def run(self, image_BDHW: Tensor, alter: Alter) -> tuple[Stages, Decoded]:
        """Encoder and decoder; the decoder reads altered stages, the others see the real ones."""
        stages = self.stages(image_BDHW)
        self._show_stages(stages)
        altered = {name: alter(name, stages[name]) for name in self.decoder_stages}
        return stages, self.decode({**stages, **altered}, _size(image_BDHW))

    def passes(self, image_1DHW: Tensor) -> Passes:
        """Many passes over one image, each with other channels dropped; the encoder runs once."""
        stages, size = self.stages(image_1DHW), _size(image_1DHW)

        def logits(factors: Sequence[Tensor]) -> Tensor:
            count = len(factors[0])
            read = {name: x.expand(count, *x.shape[1:]) for name, x in stages.items()}
            for name, factor_MD in zip(self.decoder_stages, factors, strict=True):
                read[name] = stages[name] * factor_MD[:, :, None, None].to(stages[name])
            return self.decode(read, size).logits_BChw.float()

        return logits

    @property
    def code(self) -> Mapping[str, str]:
        """Name and hash of each module of the user that defines it; raysal's own networks have
        none."""
        return {}

    @property
    def device(self) -> torch.device:
        """Where it computes."""
        return next(self.parameters()).device

    @property
    def parameter_count(self) -> int | None:
        """Number of weights that are trained; None if it is unknown."""
        return sum(p.numel() for p in self.parameters())

    def expect(self, state: object) -> None:
        """Called with the weights of a checkpoint, which are not checked yet, before they are
        loaded."""

    def check_size(self, size: tuple[int, int]) -> None:
        """Check that images of (height, width) can be processed.

        Raises:
            CheckpointError: they cannot.
        """

    def place(self, device: torch.device | str) -> None:
        """Move to a device, in the memory layout that is fastest there."""
        self.to(device)
        self.to(memory_format=torch.channels_last)

    def parameter_groups(self) -> dict[str, list[nn.Parameter]]:
        """Parameters of `encoder`, `heads` and `rating`, which have learning rates of their own."""
        groups: dict[str, list[nn.Parameter]] = {"encoder": [], "heads": [], "rating": []}
        for name, parameter in self.named_parameters():
            part = name.split(".", 1)[0]
            groups[part if part in groups else "heads"].append(parameter)
        return groups

    # --- What all networks have in common ---------------------------------------------------

    def add_branches(self, decoder_channels: int | None = None) -> None:
        """Add the difficulty branch and the rating head that the settings ask for.

        Args:
            decoder_channels: of `Decoded.input_BDhw`; None if there is none.

        Raises:
            ConfigError: the network lacks what a branch reads.
        """
        config = self.config
        if config.channel_dropout:
            self.need_stages("model.channel_dropout")
        if config.difficulty.branch in ("late", "early"):
            assert config.difficulty.branch == "late" or decoder_channels is not None
            self.difficulty = DifficultyBranch(
                config.difficulty, self.classes, decoder_channels or 0
            )
            self.difficulty.initialize()
        if config.rating_stages not in ("none", "auto"):
            self.rating = RatingHead(self._rating_channels())

    def forward(self, image_BDHW: Tensor) -> Output:
        """Logits at input size from normalised images of any size."""
        size = _size(image_BDHW)
        stages, decoded = self.run(image_BDHW, lambda _, x_BDhw: self.drop(x_BDhw))
        difficulty = None
        if self.difficulty is not None:
            difficulty = self.difficulty(decoded.logits_BChw, decoded.input_BDhw, size)
        rating = None if self.rating is None else self.rating(stages)
        return Output(resize(decoded.logits_BChw.float(), size), difficulty, rating)

    def watch(self, layer: str, seen: Callable[[Tensor], None]) -> None:
        """Call `seen` with a layer's output (B, D, h, w) in every pass from now on.

        Raises:
            ConfigError: there is no such layer.
        """
        known = self.layers()
        if not known:
            self.need_stages("features")
        if layer not in known:
            raise ConfigError(f"features: no stage '{layer}'{did_you_mean(layer, known)}")
        self._watchers.setdefault(self.layer_shown(layer), []).append(seen)

    def show(self, layer: str, x_BDhw: Tensor) -> None:
        """Give a layer's output to those who watch it."""
        for seen in self._watchers.get(layer, ()):
            seen(x_BDhw)

    def need_stages(self, setting: str) -> None:
        """Check that there are stages, for a setting that reads them.

        Raises:
            ConfigError: there are none.
        """
        if not self.stage_channels:
            raise ConfigError(
                f"{setting} needs stages of the encoder, but the network shows none; name some in "
                "model.stages"
            )

    def layer_shown(self, layer: str) -> str:
        """The layer that a name of `layers` stands for."""
        return self.last_stage if layer == ASPP else layer

    def _show_stages(self, stages: Stages) -> None:
        if self._watchers:
            for name in self.stage_channels:
                self.show(name, stages[name])

    def _rating_channels(self) -> dict[str, int]:
        self.need_stages("model.rating_stages")
        stages, channels = self.config.rating_stages, self.stage_channels
        names = self.rated_stages(stages) if isinstance(stages, str) else stages
        for name in names:
            if name not in channels:
                raise ConfigError(
                    f"model.rating_stages: {self.config.name} has no stage '{name}'"
                    f"{did_you_mean(name, channels)}"
                )
        return {name: channels[name] for name in names}


class MakesNetwork(Protocol):
    """How the registry calls a network's class.

    Args:
        size: (height, width) of the images, for networks that need it before the first one; None
            if it is not known.
        pretrained: whether the weights it starts with count, or are about to be replaced by those
            of a checkpoint.
    """

    def __call__(
        self,
        config: ModelConfig,
        classes: int,
        in_channels: int = 3,
        *,
        size: tuple[int, int] | None = None,
        pretrained: bool = True,
    ) -> Network:
        """The network, with random weights except for those that it always starts with."""


def network_class(config: ModelConfig) -> MakesNetwork:
    """The class of the network that `config.name` selects; only what it needs is imported."""
    module, _, name = config.info.network.partition(":")
    made: MakesNetwork = getattr(import_module(module), name)
    return made


def _size(image_BDHW: Tensor) -> tuple[int, int]:
    return image_BDHW.shape[-2], image_BDHW.shape[-1]
