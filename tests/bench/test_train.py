"""The plain training loop computes what raysal's step computes."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from raysal.bench.train import network, plain_copy, plain_step, raysal_step
from raysal.models.dropout import Dropout

IMAGES = torch.randint(0, 256, (2, 3, 32, 48), dtype=torch.uint8)
TARGET = torch.randint(0, 11, (2, 32, 48))


def weights(model: nn.Module) -> list[Tensor]:
    return [weight.detach() for weight in model.parameters()]


def test_both_steps_change_the_weights_alike() -> None:
    model = network()
    for part in model.modules():
        if isinstance(part, nn.Dropout):
            part.p = 0.0  # Masks differ.
    plain = plain_copy(model)
    assert not [part for part in plain.modules() if isinstance(part, Dropout)]
    before = [weight.clone() for weight in weights(model)]
    plain_step(plain, IMAGES, TARGET)()
    raysal_step(model, IMAGES, TARGET, "fp32")()
    moved = same = 0.0
    for old, a, b in zip(before, weights(plain), weights(model), strict=True):
        moved += float((a - old).square().sum())
        same += float((a - b).square().sum())
    assert moved > 0
    assert same < 0.05 * moved
