"""Losses of VAAL: the discriminator tells which images are labelled, the VAE tries to hide it."""

from __future__ import annotations

from typing import Literal

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from raysal.models.vae import Latent


def vae_loss(
    decoded_B3SS: Tensor,
    images_B3SS: Tensor,
    latent: Latent,
    beta: float,
    kl: Literal["mean", "sum"],
) -> Tensor:
    """Mean squared reconstruction error + β·KL divergence from the standard normal."""
    divergence = kl_divergence(latent)
    return F.mse_loss(decoded_B3SS, images_B3SS) + beta * (
        divergence.mean() if kl == "mean" else divergence.sum()
    )


def kl_divergence(latent: Latent) -> Tensor:
    """(B, Z) KL divergence of each component from the standard normal, in nats."""
    mean, log_variance = latent.mean_BZ, latent.log_variance_BZ
    return -0.5 * (1 + log_variance - mean.square() - log_variance.exp())


def adversarial_loss(labelled_logits_B: Tensor, unlabelled_logits_B: Tensor) -> Tensor:
    """BCE(D(μ_L), 1) + BCE(D(μ_U), 1): the VAE's; all images should look labelled."""
    return _bce(labelled_logits_B, 1.0) + _bce(unlabelled_logits_B, 1.0)


def discriminator_loss(labelled_logits_B: Tensor, unlabelled_logits_B: Tensor) -> Tensor:
    """BCE(D(μ_L), 1) + BCE(D(μ_U), 0): the discriminator's."""
    return _bce(labelled_logits_B, 1.0) + _bce(unlabelled_logits_B, 0.0)


def _bce(logits_B: Tensor, truth: float) -> Tensor:
    return F.binary_cross_entropy_with_logits(logits_B, torch.full_like(logits_B, truth))
