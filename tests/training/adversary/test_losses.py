"""Losses of VAAL, compared with values worked out by hand."""

from __future__ import annotations

import math

import pytest
import torch

from raysal.models.vae import Latent
from raysal.training.adversary.losses import (
    adversarial_loss,
    discriminator_loss,
    kl_divergence,
    vae_loss,
)


def test_kl_divergence() -> None:
    """½(μ² + σ² - 1 - ln σ²): 0 for N(0, 1), ½·9 for N(3, 1), ½(4 - 1 - ln 4) for N(0, 4)."""
    latent = Latent(torch.tensor([[0.0, 3.0, 0.0]]), torch.tensor([[0.0, 0.0, math.log(4)]]))
    expected = [0, 4.5, 0.5 * (3 - math.log(4))]
    assert kl_divergence(latent)[0].tolist() == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(("kl", "factor"), [("mean", 1), ("sum", 4)])
def test_vae_loss(kl: str, factor: int) -> None:
    """Two images, latents of two; each KL is 4.5, each pixel is off by 0.5."""
    latent = Latent(torch.full((2, 2), 3.0), torch.zeros(2, 2))
    images = torch.zeros(2, 3, 16, 16)
    loss = vae_loss(images + 0.5, images, latent, 0.1, kl)
    assert float(loss) == pytest.approx(0.25 + 0.1 * 4.5 * factor, rel=1e-6)


def test_the_two_losses_differ_in_the_unlabelled_images() -> None:
    """ln 2 each where D is a half; large logits do not overflow."""
    half = torch.zeros(3)
    assert float(adversarial_loss(half, half)) == pytest.approx(2 * math.log(2))
    assert float(discriminator_loss(half, half)) == pytest.approx(2 * math.log(2))
    sure, unsure = torch.full((2,), 200.0), torch.full((2,), -200.0)
    assert float(discriminator_loss(sure, unsure)) == 0
    assert float(adversarial_loss(sure, unsure)) == 200
    assert float(adversarial_loss(sure, sure)) == 0
    assert float(discriminator_loss(sure, sure)) == 200
