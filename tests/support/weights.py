"""Encoder weights for tests in which features must differ from image to image."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import torch
from torch.nn import BatchNorm2d, functional
from torchvision.models import mobilenet_v2


def lively_weights(folder: Path) -> Path:
    """Random weights of MobileNetV2 whose batch norms have seen images, the same in each file.

    With the statistics that it starts with, a deep network with random weights gives the same
    features for all images but for rounding errors, which are another processor's others.
    """
    path = folder / "lively.pth"
    torch.save(_lively_state(), path)
    return path


@cache  # A run changes how torch calculates in this process, which shows in the last digits.
def _lively_state() -> dict[str, Any]:
    with torch.random.fork_rng(), torch.no_grad():
        torch.manual_seed(0)
        network = mobilenet_v2(weights=None)
        for module in network.modules():
            if isinstance(module, BatchNorm2d):
                module.momentum = None  # The mean of all batches.
        for _ in range(3):
            blots = functional.interpolate(torch.randn(8, 3, 6, 8), (96, 128), mode="bilinear")
            network(blots)
    return network.state_dict()
