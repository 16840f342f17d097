"""Build a network with its initial weights from settings."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from urllib.error import URLError

import torch

from raysal.config.seed import derive_seed
from raysal.errors import CheckpointError, ConfigError
from raysal.models.backbones import BACKBONES
from raysal.models.config import ModelConfig
from raysal.models.deeplab import DeepLabV3Plus
from raysal.models.encoder import Encoder
from raysal.models.published import read_published
from raysal.models.torchvision_parts import get_weight


def build_model(config: ModelConfig, classes: int, seed: int) -> DeepLabV3Plus:
    """A network whose initial weights depend on (`config`, `classes`, `seed`) only.

    Raises:
        ConfigError: the ImageNet weights cannot be downloaded.
        CheckpointError: the weight file is absent, damaged or of another network.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(derive_seed(seed, "initial weights"))
        model = DeepLabV3Plus(config, classes)
    if config.weights != "none":
        state, source = _encoder_weights(config, model.encoder)
        try:
            model.encoder.load_published(state)
        except (KeyError, RuntimeError) as error:
            reason = str(error).splitlines()[0]
            raise CheckpointError(
                f"model.weights: {source} is not a {BACKBONES[config.name].layout} state dict "
                f"({reason})"
            ) from error
    return model


def check_weights(config: ModelConfig) -> None:
    """Check that the initial weights are available; downloads ImageNet weights once.

    Raises:
        ConfigError: they cannot be downloaded, or there is no such file.
    """
    config.check()
    if config.weights == "imagenet":
        _download(config)


def _encoder_weights(
    config: ModelConfig, encoder: Encoder
) -> tuple[Mapping[str, torch.Tensor], str]:
    if config.weights == "imagenet":
        return _download(config), "torchvision's ImageNet file"
    file, layout = Path(config.weights), BACKBONES[config.name].layout
    return read_published(file, encoder, layout), config.weights


def _download(config: ModelConfig) -> Mapping[str, torch.Tensor]:
    """The ImageNet weights, downloaded once."""
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
