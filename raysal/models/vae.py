"""VAAL's variational autoencoder and discriminator (Sinha et al., ICCV 2019), in the sizes of its
released code, for any image side that is a multiple of 16.

Axes in names: S the image's side in pixels, Z the latent's length. TA-VAAL (Kim et al., CVPR 2021)
gives the decoder and the discriminator one number more, how the image ranks by predicted loss.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from raysal.models.adversary_shape import SHRINKS

HIDDEN = 512


@dataclass(frozen=True)
class Latent:
    """What the encoder makes of images: a normal distribution over latents for each.

    Attributes:
        mean_BZ, log_variance_BZ: float32.
    """

    mean_BZ: Tensor
    log_variance_BZ: Tensor

    def draw(self, noise_BZ: Tensor) -> Tensor:
        """(B, Z) latents, from standard normal noise."""
        return self.mean_BZ + noise_BZ * (0.5 * self.log_variance_BZ).exp()


class ImageEncoder(nn.Module):
    """Four convolutions that halve the image, then one linear layer for each parameter.

    Args:
        side: S.
        latent: Z.
        width: channels of the first convolution; they double with each.
    """

    def __init__(self, side: int, latent: int, width: int = 128) -> None:
        super().__init__()
        assert side % SHRINKS == 0, side
        channels = (3, width, 2 * width, 4 * width, 8 * width)
        self.convolve = nn.Sequential(*itertools.chain.from_iterable(
            (nn.Conv2d(a, b, 4, 2, 1, bias=False), nn.BatchNorm2d(b), nn.ReLU(inplace=True))
            for a, b in itertools.pairwise(channels)
        ))  # fmt: skip
        flat = channels[-1] * (side // SHRINKS) ** 2
        self.mean = nn.Linear(flat, latent)
        self.log_variance = nn.Linear(flat, latent)
        _init_kaiming(self.convolve)

    def forward(self, images_B3SS: Tensor) -> Latent:
        """Of images in [-1, 1]."""
        x = self.convolve(images_B3SS).flatten(1)
        return Latent(self.mean(x), self.log_variance(x))


class ImageDecoder(nn.Module):
    """A linear layer to an eighth of the image's side, and three convolutions that double it.

    Args:
        ranked: whether a rank goes with each latent (TA-VAAL).
    """

    def __init__(self, side: int, latent: int, width: int = 128, *, ranked: bool = False) -> None:
        super().__init__()
        self.corner = (8 * width, side // 8, side // 8)
        self.expand = nn.Linear(latent + ranked, 8 * width * (side // 8) ** 2)
        channels = (8 * width, 4 * width, 2 * width, width)
        self.convolve = nn.Sequential(
            *itertools.chain.from_iterable(
                (nn.ConvTranspose2d(a, b, 4, 2, 1, bias=False), nn.BatchNorm2d(b),
                 nn.ReLU(inplace=True))
                for a, b in itertools.pairwise(channels)
            ),
            nn.ConvTranspose2d(width, 3, 1),
        )  # fmt: skip
        _init_kaiming(self.expand)

    def forward(self, latent_BZ: Tensor, rank_B: Tensor | None = None) -> Tensor:
        """(B, 3, S, S) images, meant to lie in [-1, 1]."""
        x = self.expand(_with_rank(latent_BZ, rank_B)).unflatten(1, self.corner)
        images_B3SS: Tensor = self.convolve(x)
        return images_B3SS


class VAE(nn.Module):
    """Encoder and decoder; 22,835,139 parameters for S 32 and Z 32 as released."""

    def __init__(self, side: int, latent: int, width: int = 128, *, ranked: bool = False) -> None:
        super().__init__()
        self.encoder = ImageEncoder(side, latent, width)
        self.decoder = ImageDecoder(side, latent, width, ranked=ranked)

    def forward(
        self, images_B3SS: Tensor, noise_BZ: Tensor, rank_B: Tensor | None = None
    ) -> tuple[Tensor, Latent]:
        """The images as decoded from a drawn latent, and what it was drawn from."""
        latent: Latent = self.encoder(images_B3SS)
        return self.decoder(latent.draw(noise_BZ), rank_B), latent


class Discriminator(nn.Module):
    """Tells latents of labelled images from others: two hidden layers of 512.

    Args:
        ranked: whether a rank goes with each latent (TA-VAAL).
    """

    def __init__(self, latent: int, *, ranked: bool = False) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(latent + ranked, HIDDEN), nn.ReLU(inplace=True),
            nn.Linear(HIDDEN, HIDDEN), nn.ReLU(inplace=True),
            nn.Linear(HIDDEN, 1),
        )  # fmt: skip
        _init_kaiming(self.layers)

    def forward(self, latent_BZ: Tensor, rank_B: Tensor | None = None) -> Tensor:
        """(B,) logits of D, the probability of being labelled."""
        logits_B1: Tensor = self.layers(_with_rank(latent_BZ, rank_B))
        return logits_B1.squeeze(1)


def _with_rank(latent_BZ: Tensor, rank_B: Tensor | None) -> Tensor:
    return latent_BZ if rank_B is None else torch.cat([latent_BZ, rank_B.unsqueeze(1)], 1)


def _init_kaiming(module: nn.Module) -> None:
    """As released: convolutions and linear layers; transposed convolutions keep torch's own."""
    for part in module.modules():
        if isinstance(part, nn.Conv2d | nn.Linear):
            nn.init.kaiming_normal_(part.weight)
            if part.bias is not None:
                nn.init.zeros_(part.bias)
