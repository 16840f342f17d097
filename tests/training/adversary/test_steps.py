"""The two updates pull in opposite directions, each on its own network."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from raysal.models.vae import VAE, Discriminator
from raysal.training.adversary.config import AdversaryConfig
from raysal.training.adversary.losses import adversarial_loss, discriminator_loss
from raysal.training.adversary.steps import AdversaryBatch, Pair, discriminator_step, vae_step

SIDE, LATENT = 16, 4


def weights(network: nn.Module) -> list[Tensor]:
    return [p.detach().clone() for p in network.parameters()]


def same(network: nn.Module, before: list[Tensor]) -> bool:
    return all(map(torch.equal, network.parameters(), before))


@pytest.fixture(params=[False, True], ids=["vaal", "tavaal"])
def players(request: pytest.FixtureRequest) -> tuple[VAE, Discriminator, Pair]:
    torch.manual_seed(0)
    ranked = request.param

    def batch() -> AdversaryBatch:
        told = torch.rand(4) if ranked else None
        return AdversaryBatch(torch.rand(4, 3, SIDE, SIDE) * 2 - 1, told, told)

    vae = VAE(SIDE, LATENT, width=4, ranked=ranked)
    return vae, Discriminator(LATENT, ranked=ranked), (batch(), batch())


def outcome(vae: VAE, discriminator: Discriminator, pair: Pair) -> tuple[float, float]:
    """The loss that the VAE minimises, and that of the discriminator."""
    with torch.no_grad():
        logits = [
            discriminator(vae.encoder(batch.images_BDSS).mean_BZ, batch.rank_B) for batch in pair
        ]
    return float(adversarial_loss(*logits)), float(discriminator_loss(*logits))


def test_the_vae_fools_the_discriminator(players: tuple[VAE, Discriminator, Pair]) -> None:
    vae, discriminator, pair = players
    optimizer = torch.optim.Adam(vae.parameters(), lr=2e-3)
    config = AdversaryConfig(beta=0.0, weight=10.0)
    noise = (torch.zeros(4, LATENT), torch.zeros(4, LATENT))
    before, kept = outcome(*players), weights(discriminator)
    for _ in range(5):
        vae_step(vae, discriminator, optimizer, pair, noise, config)
    after = outcome(*players)
    assert after[0] < before[0]
    assert same(discriminator, kept)


def test_the_discriminator_improves(players: tuple[VAE, Discriminator, Pair]) -> None:
    vae, discriminator, pair = players
    optimizer = torch.optim.Adam(discriminator.parameters(), lr=2e-4)
    before, kept = outcome(*players), weights(vae)
    losses = [float(discriminator_step(vae, discriminator, optimizer, pair)) for _ in range(5)]
    assert losses[0] == pytest.approx(before[1], rel=1e-5)
    assert losses == sorted(losses, reverse=True)
    assert outcome(*players)[1] < losses[-1]
    assert same(vae, kept)


def test_gradients_of_the_vae_update_are_cleared_in_the_discriminator(
    players: tuple[VAE, Discriminator, Pair],
) -> None:
    vae, discriminator, pair = players
    optimizer = torch.optim.SGD(discriminator.parameters(), lr=1.0)
    start = weights(discriminator)
    discriminator_step(vae, discriminator, optimizer, pair)
    clean = weights(discriminator)
    for p, value in zip(discriminator.parameters(), start, strict=True):
        p.data.copy_(value)
        p.grad = torch.full_like(p, 9.0)
    discriminator_step(vae, discriminator, optimizer, pair)
    assert same(discriminator, clean)


def test_with_weight_and_beta_of_zero_it_learns_to_reconstruct(
    players: tuple[VAE, Discriminator, Pair],
) -> None:
    vae, discriminator, pair = players
    optimizer = torch.optim.Adam(vae.parameters(), lr=2e-3)
    config = AdversaryConfig(beta=0.0, weight=0.0)
    noise = (torch.zeros(4, LATENT), torch.zeros(4, LATENT))
    losses = [
        float(vae_step(vae, discriminator, optimizer, pair, noise, config)) for _ in range(10)
    ]
    with torch.no_grad():
        errors = [
            (vae(b.images_BDSS, noise[0], b.decoder_rank_B)[0] - b.images_BDSS).square().mean()
            for b in pair
        ]
    assert losses[-1] < losses[0]
    assert float(sum(errors)) < losses[0]
