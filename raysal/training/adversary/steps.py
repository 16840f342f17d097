"""One update of the VAE, one of the discriminator."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from raysal.models.vae import VAE, Discriminator
from raysal.training.adversary.config import AdversaryConfig
from raysal.training.adversary.losses import adversarial_loss, discriminator_loss, vae_loss


@dataclass(frozen=True)
class AdversaryBatch:
    """Images of one kind, labelled or not.

    Attributes:
        images_BDSS: in [-1, 1].
        decoder_rank_B, rank_B: extra inputs of decoder and discriminator, from predicted losses;
            None for VAAL.
    """

    images_BDSS: Tensor
    decoder_rank_B: Tensor | None = None
    rank_B: Tensor | None = None


Pair = tuple[AdversaryBatch, AdversaryBatch]
"""Labelled and unlabelled."""


def vae_step(
    vae: VAE,
    discriminator: Discriminator,
    optimizer: torch.optim.Optimizer,
    pair: Pair,
    noise: tuple[Tensor, Tensor],
    config: AdversaryConfig,
) -> Tensor:
    """Forward, backward, update; returns the VAE's detached loss, a scalar.

    Args:
        noise: standard normal, (B, Z) for each of the pair.
    """
    loss = torch.zeros((), device=pair[0].images_BDSS.device)
    logits = []
    for batch, noise_BZ in zip(pair, noise, strict=True):
        decoded_BDSS, latent = vae(batch.images_BDSS, noise_BZ, batch.decoder_rank_B)
        loss = loss + vae_loss(decoded_BDSS, batch.images_BDSS, latent, config.beta, config.kl)
        logits.append(discriminator(latent.mean_BZ, batch.rank_B))
    loss = loss + config.weight * adversarial_loss(*logits)
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    optimizer.step()
    return loss.detach()


def discriminator_step(
    vae: VAE, discriminator: Discriminator, optimizer: torch.optim.Optimizer, pair: Pair
) -> Tensor:
    """Forward, backward, update; returns the discriminator's detached loss, a scalar."""
    with torch.no_grad():
        means = [vae.encoder(batch.images_BDSS).mean_BZ for batch in pair]
    loss = discriminator_loss(
        *(discriminator(m, batch.rank_B) for m, batch in zip(means, pair, strict=True))
    )
    # The VAE's update left gradients here, too.
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    optimizer.step()
    return loss.detach()
