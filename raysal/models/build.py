"""Build a network with its initial weights from settings."""

from __future__ import annotations

import torch

from raysal.config.seed import derive_seed
from raysal.data.pixel_format import PixelFormat
from raysal.models.backbones import BACKBONES
from raysal.models.config import ModelConfig
from raysal.models.network import Network, network_class


def build_model(
    config: ModelConfig,
    classes: int,
    seed: int,
    in_channels: int = 3,
    size: tuple[int, int] | None = None,
    pixels: PixelFormat | None = None,
) -> Network:
    """A network whose initial weights depend on (`config`, `classes`, `seed`, `in_channels`) only.

    Args:
        size: (height, width) of the images, if it is known.
        pixels: what its input is made from, instead of `in_channels`.

    Raises:
        ConfigError: the ImageNet weights cannot be downloaded, or the network cannot be made.
        CheckpointError: the weight file is absent, damaged or of another network.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(derive_seed(seed, "initial weights"))
        in_channels = in_channels if pixels is None else pixels.channels
        model = network_class(config)(config, classes, in_channels, size=size)
    if pixels is not None:
        model.pixels = pixels
    model.load_initial_weights()
    return model


def check_model(
    config: ModelConfig, classes: int, seed: int, size: tuple[int, int], in_channels: int = 3
) -> Network:
    """Check that the network can be made and its initial weights are there, before anything starts.

    ImageNet weights are downloaded once.

    Returns:
        The network, to be asked for its stages; that of a backbone has no values in its weights.

    Raises:
        ConfigError, CheckpointError: see `build_model`; or the network cannot read such images.
    """
    config.check()
    if config.name in BACKBONES:
        from raysal.models.deeplab import DeepLabV3Plus, download

        if config.weights == "imagenet":
            download(config)
        with torch.device("meta"):
            return DeepLabV3Plus(config, classes, in_channels)
    return build_model(config, classes, seed, in_channels, size)
