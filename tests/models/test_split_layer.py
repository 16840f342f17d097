"""Training with the decoder's first layer in parts, compared with torch's own layers."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn

from raysal.bench.train import plain_copy
from raysal.models.build import build_model
from raysal.models.config import DifficultyConfig, ModelConfig
from raysal.models.deeplab import DeepLabV3Plus
from tests.support.shallow_network import SHALLOW, know_shallow

CLASSES = 5


def network(**branch: object) -> DeepLabV3Plus:
    know_shallow()
    config = ModelConfig(
        decoder_dropout=(0.0, 0.0),
        difficulty=DifficultyConfig(**branch),  # type: ignore[arg-type]
        **SHALLOW,
    )
    model = build_model(config.resolved(frozenset({"difficulty"})), CLASSES, seed=0)
    assert isinstance(model, DeepLabV3Plus)
    for part in model.aspp.modules():
        if isinstance(part, nn.Dropout):
            part.p = 0.0
    model.place("cpu")
    return model.train()


def gradients(model: DeepLabV3Plus) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
    random = torch.Generator().manual_seed(1)
    images = torch.randn(2, 3, 40, 56, generator=random)
    output = model(images)
    weights = torch.randn(output.logits_BCHW.shape, generator=random)
    ((output.logits_BCHW * weights).sum() + output.difficulty_logits_BHW.sum()).backward()
    found = {n: p.grad for n, p in model.named_parameters() if p.grad is not None}
    return output.logits_BCHW.detach(), found


def test_a_step_is_that_of_the_joined_layer(monkeypatch: pytest.MonkeyPatch) -> None:
    model = network()
    plain = plain_copy(model)
    expected, of_plain = gradients(plain)
    monkeypatch.setattr(model, "decoder_input", None)  # It is not joined.
    found, of_split = gradients(model)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)
    assert of_split.keys() == of_plain.keys()
    largest = max(float(grad.norm()) for grad in of_plain.values())
    for name, grad in of_plain.items():
        torch.testing.assert_close(
            of_split[name], grad, rtol=1e-3, atol=1e-5 * largest, msg=lambda m, n=name: f"{n}: {m}"
        )


def test_passes_without_gradients_and_early_branches_read_the_joined_layer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    joined: list[int] = []

    def counted(model: DeepLabV3Plus) -> DeepLabV3Plus:
        own = copy.copy(model.decoder_input)
        monkeypatch.setattr(model, "decoder_input", lambda *a: (joined.append(1), own(*a))[1])
        return model

    image = torch.randn(2, 3, 40, 56)
    with torch.no_grad():
        counted(network())(image)
    assert len(joined) == 1
    counted(network(branch="early"))(image)
    assert len(joined) == 2
    counted(network())(image)
    assert len(joined) == 2
