"""One feature vector per image: the output of a layer, averaged over the image's area."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from raysal.errors import ConfigError, did_you_mean
from raysal.models.config import ASPP, DECODER, ModelConfig
from raysal.models.deeplab import DeepLabV3Plus


def stages(model: DeepLabV3Plus) -> dict[str, int]:
    """Layers whose output can be averaged, and the length of their vectors."""
    first = model.decoder[0]
    assert isinstance(first, nn.Sequential)
    decoder, project = first[0], model.aspp.project[0]
    assert isinstance(decoder, nn.Conv2d)
    assert isinstance(project, nn.Conv2d)
    return {
        **model.encoder.stage_channels,
        ASPP: project.out_channels,
        DECODER: decoder.in_channels,
    }


def check_stage(config: ModelConfig, stage: str) -> None:
    """Check that the network has a layer, before anything is trained.

    Raises:
        ConfigError: there is no such layer.
    """
    with torch.device("meta"):
        known = stages(DeepLabV3Plus(config, classes=2))
    if stage not in known:
        raise ConfigError(
            f"acquisition.feature: {config.name} has no stage '{stage}'{did_you_mean(stage, known)}"
        )


class PooledFeatures:
    """Averages the output of one layer in every forward pass, by a hook; see `vectors_BD`.

    The features come from the pass that predicts, so they cost no second one. If nothing is to be
    predicted, `compute` ends at that layer.

    Args:
        stage: an encoder stage by name, `aspp` (the ASPP's 256 channels) or `decoder` (what the
            decoder reads: the upsampled ASPP and the low-level channels, 304).

    Raises:
        ConfigError: the network has no such stage.
    """

    def __init__(self, model: DeepLabV3Plus, stage: str) -> None:
        known = stages(model)
        if stage not in known:
            raise ConfigError(f"features: no stage '{stage}'{did_you_mean(stage, known)}")
        self._model, self._stage = model, stage
        self._vectors_BD: Tensor | None = None
        if stage == ASPP:
            model.aspp.register_forward_hook(self._after)
        elif stage == DECODER:
            model.decoder.register_forward_pre_hook(self._before)
        else:
            model.encoder.register_forward_hook(self._after_encoder)

    @property
    def vectors_BD(self) -> Tensor:
        """(B, D) float32 of the last forward pass."""
        assert self._vectors_BD is not None, "no forward pass yet"
        return self._vectors_BD

    def compute(self, image_BDHW: Tensor) -> None:
        """Run the network up to the layer, on normalised images and in eval mode."""
        stages = self._model.encoder(image_BDHW)
        high_BDHW, low_BDHW = (
            stages[n] for n in (self._model.encoder.high, self._model.encoder.low)
        )
        if self._stage == ASPP:
            self._model.aspp(high_BDHW)
        elif self._stage == DECODER:
            self._take(self._model.decoder_input(high_BDHW, low_BDHW))

    def _after(self, module: nn.Module, inputs: Any, output: Tensor) -> None:
        self._take(output)

    def _before(self, module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        self._take(inputs[0])

    def _after_encoder(self, module: nn.Module, inputs: Any, output: Mapping[str, Tensor]) -> None:
        self._take(output[self._stage])

    def _take(self, features_BDhw: Tensor) -> None:
        self._vectors_BD = features_BDhw.float().mean((2, 3))
