"""DeepLabv3+ for images of other than three channels."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from raysal.models.backbones import BACKBONES
from raysal.models.build import build_model
from raysal.models.checkpoint import load_model, save_model
from raysal.models.config import ModelConfig
from raysal.models.in_channels import adapt_weight, first_convolution

NAMES = [f"deeplabv3plus_{name}" for name in ("mobilenet_v2", "drn_d_22", "resnet18")]


@pytest.mark.parametrize("channels", [1, 2, 3, 5])
def test_weights_are_adapted(channels: int) -> None:
    """On a grey image in all channels, the adapted convolution answers as before."""
    rgb = torch.randn(4, 3, 3, 3, generator=torch.Generator().manual_seed(0))
    weight = adapt_weight(rgb, channels)
    assert weight.shape == (4, channels, 3, 3)
    if channels in (1, 3):
        torch.testing.assert_close(weight.sum(1), rgb.sum(1))
    else:
        for channel in range(channels):
            torch.testing.assert_close(weight[:, channel], rgb[:, channel % 3] * 3 / channels)


@pytest.mark.parametrize("name", NAMES)
def test_a_published_file_and_a_checkpoint(name: str, tmp_path: Path) -> None:
    backbone = BACKBONES[name]
    published = dict(backbone.make(backbone.strides[0]).published_names())
    torch.save(published, tmp_path / "w.pth")
    config = ModelConfig(name=name, weights=str(tmp_path / "w.pth")).resolved(frozenset())
    plain, model = build_model(config, 3, 0), build_model(config, 3, 0, in_channels=4).eval()
    first, rgb = first_convolution(model).weight, first_convolution(plain).weight
    torch.testing.assert_close(first, rgb[:, [0, 1, 2, 0]] * 3 / 4)
    save_model(tmp_path / "model.pt", model, "abc", ((0, 0, 0),) * 3, (32, 48))
    loaded = load_model(tmp_path).model
    assert loaded.in_channels == 4
    images = torch.randn(1, 4, 32, 48)
    with torch.inference_mode():
        logits = model(images).logits_BCHW
        torch.testing.assert_close(loaded(images).logits_BCHW, logits)
    assert logits.shape == (1, 3, 32, 48)
