"""From settings to a network with its initial weights."""

from __future__ import annotations

from pathlib import Path
from urllib.error import URLError

import torch
from torchvision.models import MobileNet_V2_Weights

from raysal.config.seed import derive_seed
from raysal.errors import CheckpointError, ConfigError
from raysal.models.checkpoint import load_state
from raysal.models.config import ModelConfig
from raysal.models.deeplab import DeepLabV3Plus


def build_model(config: ModelConfig, classes: int, seed: int) -> DeepLabV3Plus:
    """A network whose initial weights depend on (`config`, `classes`, `seed`) only.

    Raises:
        ConfigError: ImageNet weights that cannot be had.
        CheckpointError: a weight file that is not torchvision's MobileNetV2.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(derive_seed(seed, "initial weights"))
        model = DeepLabV3Plus(config, classes)
    if config.weights != "none":
        state, source = _encoder_weights(config.weights)
        try:
            model.encoder.load_torchvision(state)
        except (KeyError, RuntimeError) as error:
            reason = str(error).splitlines()[0]
            raise CheckpointError(
                f"model.weights: {source} is no torchvision MobileNetV2 state dict ({reason})"
            ) from error
    return model


def check_weights(config: ModelConfig) -> None:
    """Find weights that cannot be had before anything long starts; downloads ImageNet's once.

    Raises:
        ConfigError: they cannot be downloaded, or there is no such file.
    """
    if config.weights == "imagenet":
        _encoder_weights(config.weights)
    elif config.weights != "none" and not Path(config.weights).is_file():
        raise ConfigError(
            f"model.weights: no file '{config.weights}'; give imagenet, none or the path of a "
            "torchvision MobileNetV2 state dict"
        )


def _encoder_weights(name: str) -> tuple[dict[str, torch.Tensor], str]:
    if name != "imagenet":
        return load_state(Path(name)), name
    try:
        weights = MobileNet_V2_Weights.IMAGENET1K_V1.get_state_dict(progress=False, check_hash=True)
    except (URLError, OSError) as error:
        raise ConfigError(
            f"model.weights: the ImageNet weights cannot be downloaded ({error}); give the path "
            "of a torchvision mobilenet_v2 file, or none"
        ) from error
    return dict(weights), "torchvision's ImageNet file"
