"""Networks to measure with."""

from __future__ import annotations

import torch

from raysal.models.build import build_model
from raysal.models.config import ModelConfig
from raysal.models.deeplab import DeepLabV3Plus

CHANNEL_DROPOUT = 0.25


def with_channel_dropout(classes: int, device: torch.device) -> DeepLabV3Plus:
    """A network with channel dropout and random weights."""
    config = ModelConfig(weights="none", channel_dropout=CHANNEL_DROPOUT)
    model = build_model(config, classes, seed=0).eval()
    assert isinstance(model, DeepLabV3Plus)
    model.place(device)
    return model
