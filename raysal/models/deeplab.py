"""DeepLabv3+ with an optional difficulty branch and an optional rating head."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import ClassVar
from urllib.error import URLError

import torch
from torch import Tensor, nn

from raysal.errors import CheckpointError, ConfigError
from raysal.models.backbones import BACKBONES
from raysal.models.config import ASPP as ASPP_LAYER
from raysal.models.config import DECODER as DECODER_LAYER
from raysal.models.config import ModelConfig
from raysal.models.dropout import Dropout
from raysal.models.in_channels import adapted, for_rgb, set_in_channels
from raysal.models.layers import conv_bn_relu, init_kaiming, resize
from raysal.models.network import Decoded, Network, Stages
from raysal.models.published import read_published
from raysal.models.split_layer import SplitConvolution
from raysal.models.torchvision_parts import ASPP, get_weight

ASPP_RATES = {16: [6, 12, 18], 8: [12, 24, 36]}
ASPP_CHANNELS = 256
LOW_CHANNELS = 48
Split = Callable[[Tensor, Tensor], Tensor]


class DeepLabV3Plus(Network):
    """Encoder, ASPP, decoder; 5,813,483 parameters for 11 classes on MobileNetV2.

    Every resampling is bilinear with aligned corners. Dropout layers: 0.5 after the ASPP and two
    in the decoder, active in training only; `channel_dropout` acts on the encoder's two outputs,
    outside the backbone, so that dropout passes work with any backbone.
    """

    every_parameter_is_used: ClassVar[bool] = True
    aspp_channels: ClassVar[int] = ASPP_CHANNELS
    low_channels: ClassVar[int] = LOW_CHANNELS
    hidden_channels: ClassVar[int] = 256
    """Of the ASPP, of the low-level stage in the decoder's input, and of the decoder's layers."""
    split: Split | None = None
    """The decoder's first convolution from the ASPP's output and the low-level channels, instead of
    from both joined (`raysal.models.frozen`)."""

    def __init__(
        self,
        config: ModelConfig,
        classes: int,
        in_channels: int = 3,
        *,
        size: tuple[int, int] | None = None,
        pretrained: bool = True,
    ) -> None:
        super().__init__(config, classes, in_channels)
        self.encoder = BACKBONES[config.name].make(config.stride)
        set_in_channels(self.encoder, in_channels)
        channels = self.stage_channels = self.encoder.stage_channels
        self.decoder_stages = (self.encoder.high, self.encoder.low)
        self.aspp = ASPP(channels[self.encoder.high], ASPP_RATES[config.stride], self.aspp_channels)
        self.low = conv_bn_relu(channels[self.encoder.low], self.low_channels, 1)
        hidden, joined = self.hidden_channels, self.aspp_channels + self.low_channels
        first, second = config.decoder_dropout
        self.decoder = nn.Sequential(
            conv_bn_relu(joined, hidden, 3),
            Dropout(first),
            conv_bn_relu(hidden, hidden, 3),
            Dropout(second),
        )
        self.classify = nn.Conv2d(hidden, classes, kernel_size=1)
        for head in (self.aspp, self.low, self.decoder, self.classify):
            init_kaiming(head, biases=head is not self.classify or config.classifier_bias == "zero")
        self.add_branches(joined)

    def stages(self, image_BDHW: Tensor) -> Stages:
        """The backbone's stages."""
        stages: Stages = self.encoder(image_BDHW)
        return stages

    def decode(self, stages: Stages, size: tuple[int, int]) -> Decoded:
        """Logits at a quarter of the image's size."""
        high, low = stages[self.encoder.high], stages[self.encoder.low]
        split = None if self._input_is_read() else self.split or self._split_in_training()
        if split is None:
            decoder_in = self.decoder_input(high, low)
            return Decoded(self.classify(self.decoder(decoder_in)), decoder_in)
        aspp = self.aspp(high)
        self.show(ASPP_LAYER, aspp)
        x = self._first_layer[1:](split(aspp, self.low(low)))
        return Decoded(self.classify(self.decoder[1:](x)))

    @property
    def first_convolution(self) -> nn.Conv2d:
        """The decoder's."""
        conv = self._first_layer[0]
        assert isinstance(conv, nn.Conv2d)
        return conv

    @property
    def _first_layer(self) -> nn.Sequential:
        layer = self.decoder[0]
        assert isinstance(layer, nn.Sequential)
        return layer

    def _split_in_training(self) -> Split | None:
        """On CPUs, where a step on 360x480 takes a fifth less time with it. Passes without
        gradients use the joined layer: they are the reference for `frozen` and for votes."""
        if not (self.training and torch.is_grad_enabled() and self.device.type == "cpu"):
            return None
        return SplitConvolution(self.first_convolution, self.aspp_channels)

    def _input_is_read(self) -> bool:
        """Whether something else reads the decoder's input: an early branch, or a watcher."""
        branch = self.config.difficulty.branch
        return branch == "early" or DECODER_LAYER in self._watchers

    def decoder_input(self, high_BDHW: Tensor, low_BDHW: Tensor) -> Tensor:
        """(B, 304, H/4, W/4) input of the decoder, from the encoder's two stages."""
        low, aspp = self.low(low_BDHW), self.aspp(high_BDHW)
        self.show(ASPP_LAYER, aspp)
        decoder_in = torch.cat([resize(aspp, (low.shape[-2], low.shape[-1])), low], dim=1)
        self.show(DECODER_LAYER, decoder_in)
        return decoder_in

    @property
    def low_stage(self) -> str:
        """The stage at 1/4 of the image's resolution."""
        return self.encoder.low

    @property
    def last_stage(self) -> str:
        """What the ASPP reads."""
        return self.encoder.high

    def rated_stages(self, kind: str) -> tuple[str, ...]:
        """The backbone's own choice."""
        return self.encoder.rating_stages[kind]

    def layers(self) -> dict[str, int]:
        """The stages, the ASPP, and what the decoder reads: the upsampled ASPP and the low-level
        channels."""
        return {
            **self.stage_channels,
            ASPP_LAYER: self.aspp_channels,
            DECODER_LAYER: self.aspp_channels + self.low_channels,
        }

    def layer_shown(self, layer: str) -> str:
        """Each under its own name."""
        return layer

    def run_to(self, layer: str, image_BDHW: Tensor) -> None:
        """The encoder, and for `aspp` and `decoder` what follows up to them."""
        stages = self.stages(image_BDHW)
        self._show_stages(stages)
        if layer == ASPP_LAYER:
            self.show(ASPP_LAYER, self.aspp(stages[self.encoder.high]))
        elif layer == DECODER_LAYER:
            self.decoder_input(stages[self.encoder.high], stages[self.encoder.low])

    def load_initial_weights(self) -> None:
        """The encoder's weights: torchvision's, downloaded once, or those of a file."""
        config = self.config
        if config.weights == "none":
            return
        layout = BACKBONES[config.name].layout
        names = self.encoder.published_names()
        state: Mapping[str, Tensor]
        if config.weights == "imagenet":
            state, source = download(config), "torchvision's ImageNet file"
        else:
            state = read_published(Path(config.weights), for_rgb(names, self.encoder), layout)
            source = config.weights
        try:
            self.encoder.load_published(adapted(state, names, self.encoder, self.in_channels))
        except (KeyError, RuntimeError) as error:
            reason = str(error).splitlines()[0]
            raise CheckpointError(
                f"model.weights: {source} is not a {layout} state dict ({reason})"
            ) from error


def download(config: ModelConfig) -> Mapping[str, Tensor]:
    """The backbone's ImageNet weights, downloaded once.

    Raises:
        ConfigError: they cannot be.
    """
    backbone = BACKBONES[config.name]
    config.check()
    assert backbone.imagenet is not None
    try:
        weights = get_weight(backbone.imagenet).get_state_dict(progress=False, check_hash=True)
    except (URLError, OSError) as error:
        raise ConfigError(
            f"model.weights: the ImageNet weights cannot be downloaded ({error}); give the path "
            f"of a {backbone.layout} file, or none"
        ) from error
    return dict(weights)
