"""The features of an image's cells, which label extension compares."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from raysal.data.pixel_format import RGB, PixelFormat
from raysal.inference.device import autocast
from raysal.inference.precision import Precision
from raysal.inference.predict import normalise, to_tensor
from raysal.models.checkpoint import LoadedModel
from raysal.regions.cells import cell_features, map_features
from raysal.regions.extend_config import ExtendConfig


@torch.inference_mode()
def image_features(
    image: np.ndarray,
    config: ExtendConfig,
    loaded: LoadedModel | None,
    precision: Precision,
    device: torch.device,
    pixels: PixelFormat = RGB,
) -> Tensor:
    """float32 (D, h, w): colours, or the model's low-level stage (`cle.features`).

    Args:
        image: as it is decoded with `pixels`.
    """
    if config.features == "rgb":
        return cell_features(image, config.cell, pixels).to(device)
    assert loaded is not None, "low-level features need a model"
    images_1DHW = normalise(to_tensor([image]).to(device), loaded.pixels)
    with autocast(precision, device):
        low_1Dhw = loaded.model.stages(images_1DHW)[loaded.model.low_stage]
    return map_features(low_1Dhw[0].float(), image.shape[:2], config.cell)
