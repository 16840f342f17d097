"""One feature vector per image: the output of a layer, averaged over the image's area."""

from __future__ import annotations

from typing import Protocol

from torch import Tensor

from raysal.data.pixel_format import PixelFormat
from raysal.errors import ConfigError, did_you_mean
from raysal.models.network import Network


def check_stage(network: Network, stage: str) -> None:
    """Check that the network has a layer, before anything is trained.

    Raises:
        ConfigError: there is no such layer.
    """
    known = network.layers()
    if stage not in known:
        lacking = did_you_mean(stage, known) or "; it shows no stages: name some in model.stages"
        raise ConfigError(
            f"acquisition.feature: {network.config.name} has no stage '{stage}'{lacking}"
        )


class MakesVectors(Protocol):
    """What makes one vector per image: `PooledFeatures`, or a `FeatureEncoder` of its own."""

    @property
    def pixels(self) -> PixelFormat:
        """What its input is made from."""

    @property
    def vectors_BD(self) -> Tensor:
        """(B, D) float32 of the last forward pass."""

    def compute(self, image_BDHW: Tensor) -> None:
        """A forward pass on normalised images and in eval mode."""


class PooledFeatures:
    """Averages the output of one layer in every forward pass; see `vectors_BD`.

    The features come from the pass that predicts, so they cost no second one. If nothing is to be
    predicted, `compute` ends at that layer.

    Args:
        stage: one of the network's `layers`: an encoder stage by name, `aspp` (DeepLabv3+'s 256
            channels, or the end of another encoder) or `decoder` (what DeepLabv3+'s decoder reads:
            the upsampled ASPP and the low-level channels, 304).

    Raises:
        ConfigError: the network has no such stage.
    """

    def __init__(self, network: Network, stage: str) -> None:
        self._network, self._stage = network, stage
        self._vectors_BD: Tensor | None = None
        network.watch(stage, self._take)

    @property
    def pixels(self) -> PixelFormat:
        """What the network's input is made from."""
        return self._network.pixels

    @property
    def vectors_BD(self) -> Tensor:
        """(B, D) float32 of the last forward pass."""
        assert self._vectors_BD is not None, "no forward pass yet"
        return self._vectors_BD

    def compute(self, image_BDHW: Tensor) -> None:
        """Run the network up to the layer, on normalised images and in eval mode."""
        self._network.run_to(self._stage, image_BDHW)

    def _take(self, features_BDhw: Tensor) -> None:
        self._vectors_BD = features_BDhw.float().mean((2, 3))
