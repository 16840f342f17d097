"""A published network of torchvision, with random weights."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn
from torchvision.models.segmentation import lraspp_mobilenet_v3_large

from raysal.models.checkpoint import FILE, save_model
from raysal.models.config import ModelConfig
from raysal.models.network import network_class
from tests.support.material import SIZE, Material


class Logits(nn.Module):
    """Its logits alone."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, image: Tensor) -> Tensor:
        logits: Tensor = self.network(image)["out"]
        return logits


def lraspp(classes: int) -> nn.Module:
    """The same weights in every call; its batch norms have seen noise, so that images differ."""
    with torch.random.fork_rng(), torch.no_grad():
        torch.manual_seed(0)
        network = lraspp_mobilenet_v3_large(
            weights=None, weights_backbone=None, num_classes=classes
        )
        for part in network.modules():
            if isinstance(part, nn.BatchNorm2d):
                part.momentum = None  # The mean of all batches.
        network.train()
        for _ in range(3):
            blots = torch.randn(8, 3, 6, 8)
            network(nn.functional.interpolate(blots, (96, 128), mode="bilinear"))
    return Logits(network).eval()


def save_lraspp(folder: Path, material: Material) -> Path:
    """A model folder of it as a user's network."""
    dataset = material.dataset
    config = ModelConfig(name="python", factory="tests.support.published_network:lraspp")
    network = network_class(config)(config.resolved(frozenset()), len(dataset.class_names))
    folder.mkdir()
    save_model(folder / FILE, network, dataset.class_names, dataset.palette, SIZE)
    return folder
