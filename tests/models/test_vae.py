"""VAAL's networks: sizes counted by hand, shapes, inputs, and their file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from raysal.errors import CheckpointError
from raysal.models.adversary import (
    FILE,
    Adversary,
    digest,
    load_adversary,
    rank,
    save_adversary,
    shrink_images,
    to_unit,
)
from raysal.models.adversary_shape import AdversaryShape
from raysal.models.state_file import load_state, save_state
from raysal.models.vae import VAE, Discriminator, ImageDecoder, ImageEncoder

RAW = AdversaryShape(side=32, latent=8, width=4, rank="raw")
NONE = RAW.model_copy(update={"rank": "none"})


def parameters(network: nn.Module) -> int:
    return sum(p.numel() for p in network.parameters())


# 4x4 convolutions without bias, 3-128-256-512-1024, and their batch norms.
DOWN = 16 * (3 * 128 + 128 * 256 + 256 * 512 + 512 * 1024) + 2 * (128 + 256 + 512 + 1024)
# Transposed, 1024-512-256-128, their norms, and 1x1 to 3 with bias.
UP = 16 * (1024 * 512 + 512 * 256 + 256 * 128) + 2 * (512 + 256 + 128) + 128 * 3 + 3


@pytest.mark.parametrize(
    ("side", "latent", "whole"),
    [
        # Mean and log variance from 1024·2² numbers, back to 1024·4².
        (32, 32, DOWN + 2 * (4096 * 32 + 32) + (32 * 16384 + 16384) + UP),
        # 1024·4² and 1024·8².
        (64, 128, DOWN + 2 * (16384 * 128 + 128) + (128 * 65536 + 65536) + UP),
        # 1024·1² and 1024·2².
        (16, 5, DOWN + 2 * (1024 * 5 + 5) + (5 * 4096 + 4096) + UP),
    ],
)
def test_parameters_of_the_vae(side: int, latent: int, whole: int) -> None:
    assert (DOWN, UP) == (11_020_032, 11_012_227)
    with torch.device("meta"):
        assert parameters(VAE(side, latent)) == whole
        # One more row of weights in the decoder's linear layer, without another bias.
        assert parameters(VAE(side, latent, ranked=True)) == whole + 1024 * (side // 8) ** 2


def test_parameters_as_released() -> None:
    with torch.device("meta"):
        assert parameters(VAE(32, 32)) == 22_835_139
        # 32·512 + 512, 512·512 + 512, 512 + 1.
        assert parameters(Discriminator(32)) == 16_896 + 262_656 + 513
        assert parameters(Discriminator(32, ranked=True)) == 17_408 + 262_656 + 513
        assert parameters(Discriminator(128)) == 66_048 + 262_656 + 513


@pytest.mark.parametrize("side", [16, 32, 48, 80])
def test_shapes(side: int) -> None:
    vae = VAE(side, latent=7, width=2)
    images = torch.rand(3, 3, side, side)
    assert vae.encoder.convolve(images).shape == (3, 16, side // 16, side // 16)
    decoded, latent = vae(images, torch.randn(3, 7))
    assert decoded.shape == images.shape
    assert latent.mean_BZ.shape == latent.log_variance_BZ.shape == (3, 7)
    assert Discriminator(7)(latent.mean_BZ).shape == (3,)


@pytest.mark.parametrize("side", [8, 24, 50])
def test_other_sides_are_an_invariant(side: int) -> None:
    with pytest.raises(AssertionError):
        ImageEncoder(side, 4, 2)


def test_the_rank_is_one_more_input() -> None:
    decoder, discriminator = ImageDecoder(16, 7, 2, ranked=True), Discriminator(7, ranked=True)
    z, low, high = torch.randn(2, 7), torch.zeros(2), torch.ones(2)
    assert decoder(z, low).shape == (2, 3, 16, 16)
    assert not torch.equal(decoder(z, low), decoder(z, high))
    assert discriminator(z, low).shape == (2,)
    assert not torch.equal(discriminator(z, low), discriminator(z, high))


def test_latents_are_sampled_with_their_deviation() -> None:
    _, latent = VAE(16, 5, 2)(torch.rand(2, 3, 16, 16), torch.zeros(2, 5))
    assert torch.equal(latent.draw(torch.zeros(2, 5)), latent.mean_BZ)
    moved = latent.draw(torch.ones(2, 5)) - latent.mean_BZ
    torch.testing.assert_close(moved.square().log(), latent.log_variance_BZ, atol=1e-4, rtol=1e-4)


def test_images_of_any_size_become_small_squares() -> None:
    image = np.zeros((40, 60, 3), np.uint8)
    image[:, 30:, 1] = 255
    got = shrink_images([image, image], 16)
    assert (got.shape, got.dtype) == ((2, 3, 16, 16), torch.uint8)
    assert got[:, 1, :, :7].max() == 0
    assert got[:, 1, :, 9:].min() == 255
    assert to_unit(torch.tensor([0, 255], dtype=torch.uint8)).tolist() == [-1, 1]


def test_inputs_of_the_discriminator() -> None:
    rating = torch.tensor([0.0, -3.0, 40.0])
    assert rank(rating, "none") is None
    assert torch.equal(rank(rating, "raw"), rating)
    assert torch.equal(rank(rating, "sigmoid"), rating.sigmoid())


@pytest.mark.parametrize("shape", [RAW, NONE], ids=["ranked", "plain"])
def test_an_image_is_judged_independently_of_its_batch(shape: AdversaryShape) -> None:
    adversary = Adversary(shape).eval()
    images = torch.randint(0, 256, (5, 3, 32, 32), dtype=torch.uint8)
    rating = torch.randn(5) if shape.ranked else None
    with torch.inference_mode():
        together = adversary(images, rating)
        alone = [adversary(images[[k]], None if rating is None else rating[[k]]) for k in range(5)]
    assert len(set(together.tolist())) == 5
    torch.testing.assert_close(torch.cat(alone), together, rtol=0, atol=1e-5)


def test_round_trip(tmp_path: Path) -> None:
    first = Adversary(RAW).eval()
    save_adversary(tmp_path / FILE, first)
    second = load_adversary(tmp_path)
    assert second.shape == RAW
    assert not second.training
    assert digest(second) == digest(first)
    images, rating = torch.randint(0, 256, (2, 3, 32, 32), dtype=torch.uint8), torch.randn(2)
    with torch.inference_mode():
        assert torch.equal(first(images, rating), second(images, rating))
    with torch.no_grad():
        second.discriminator.layers[0].bias[0] += 1e-6
    assert digest(second) != digest(first)
    assert digest(Adversary(NONE)) != digest(first)


def test_files_that_are_not_adversaries(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="no checkpoint at"):
        load_adversary(tmp_path)
    save_adversary(tmp_path / FILE, Adversary(RAW))
    raw = load_state(tmp_path / FILE)
    for change, words in (
        ({"kind": "raysal.model"}, "is not an adversary"),
        ({"version": 9}, "is not an adversary"),
        ({"shape": {**raw["shape"], "latent": 9}}, "is of another network"),
        ({"shape": {**raw["shape"], "depth": 9}}, "another raysal version wrote this adversary"),
    ):
        save_state(tmp_path / FILE, raw | change)
        with pytest.raises(CheckpointError, match=words) as caught:
            load_adversary(tmp_path)
        assert "\n" not in str(caught.value)
