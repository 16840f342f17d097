"""Dropout in training on a CPU: torch's rule, with masks drawn in another way."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from raysal.models.dropout import Dropout

SHAPE = (2, 16, 33, 41)


def trained(p: float, seed: int = 0, channels_last: bool = True) -> tuple[Tensor, Tensor]:
    """The output for ones, and the gradient of its sum."""
    torch.manual_seed(seed)
    x = torch.ones(SHAPE).contiguous(
        memory_format=torch.channels_last if channels_last else torch.contiguous_format
    )
    x.requires_grad_()
    out = Dropout(p)(x)
    out.sum().backward()
    assert x.grad is not None
    return out.detach(), x.grad


@pytest.mark.parametrize("p", [0.1, 0.5, 0.75])
@pytest.mark.parametrize("channels_last", [True, False])
def test_the_share_p_is_dropped_and_the_rest_is_scaled(p: float, channels_last: bool) -> None:
    out, gradient = trained(p, channels_last=channels_last)
    assert torch.equal(out, gradient)
    assert set(out.unique().tolist()) == {0.0, torch.tensor(1 / (1 - p)).item()}
    dropped = (out == 0).double()
    spread = (p * (1 - p) / out.numel()) ** 0.5
    assert abs(dropped.mean() - p) < 4 * spread
    # All of the bits of a draw are as random as the others, and independent.
    flat = dropped.contiguous(memory_format=torch.channels_last).permute(0, 2, 3, 1).flatten()
    for step in (1, 2, 3, 4):
        together = (flat[step:] * flat[:-step]).mean()
        assert abs(together - p * p) < 5 * spread
    for first in range(4):
        assert abs(flat[first::4].mean() - p) < 8 * spread


def test_masks_are_those_of_the_seed() -> None:
    assert torch.equal(trained(0.5)[0], trained(0.5)[0])
    assert not torch.equal(trained(0.5)[0], trained(0.5, seed=1)[0])


def test_without_gradients_it_is_torchs() -> None:
    for training in (True, False):
        ours, theirs = Dropout(0.3).train(training), nn.Dropout(0.3).train(training)
        with torch.inference_mode():
            x = torch.randn(SHAPE)
            torch.manual_seed(3)
            expected = theirs(x)
            torch.manual_seed(3)
            assert torch.equal(ours(x), expected)


@pytest.mark.parametrize("p", [0.0, 1.0])
def test_nothing_and_all(p: float) -> None:
    assert (trained(p)[0] == 1 - p).all()
