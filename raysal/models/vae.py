"""VAAL's variational autoencoder and discriminator (Sinha et al., ICCV 2019), with the layers of
the released code, for any image side that is a multiple of 16.

Axes in names: S image side in pixels, D channels of an image, Z length of the latent vector.
TA-VAAL (Kim et al., CVPR 2021) adds one input to decoder and discriminator: how the image ranks by
predicted loss.
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
    """The encoder's output: for each image a normal distribution over latent vectors.

    Attributes:
        mean_BZ, log_variance_BZ: float32.
    """

    mean_BZ: Tensor
    log_variance_BZ: Tensor

    def draw(self, noise_BZ: Tensor) -> Tensor:
        """(B, Z) latent vectors sampled with standard normal noise."""
        return self.mean_BZ + noise_BZ * (0.5 * self.log_variance_BZ).exp()


class ImageEncoder(nn.Module):
    """Four convolutions that each halve the side, then linear layers for mean and log-variance.

    Args:
        side: S.
        latent: Z.
        width: channels of the first convolution; each later one has twice as many as the last.
        channels_in: D, channels of the images.
    """

    def __init__(self, side: int, latent: int, width: int = 128, channels_in: int = 3) -> None:
        super().__init__()
        assert side % SHRINKS == 0, side
        channels = (channels_in, width, 2 * width, 4 * width, 8 * width)
        self.convolve = nn.Sequential(
            *itertools.chain.from_iterable(
                (nn.Conv2d(a, b, 4, 2, 1, bias=False), nn.BatchNorm2d(b), nn.ReLU(inplace=True))
                for a, b in itertools.pairwise(channels)
            )
        )
        flat = channels[-1] * (side // SHRINKS) ** 2
        self.mean = nn.Linear(flat, latent)
        self.log_variance = nn.Linear(flat, latent)
        _init_kaiming(self.convolve)

    def forward(self, images_BDSS: Tensor) -> Latent:
        """Latent distributions of images in [-1, 1]."""
        x = self.convolve(images_BDSS).flatten(1)
        return Latent(self.mean(x), self.log_variance(x))


class ImageDecoder(nn.Module):
    """A linear layer to 1/8 of the image's side, three convolutions that double it, one 1x1.

    Args:
        ranked: whether each latent vector comes with a rank (TA-VAAL).
    """

    def __init__(
        self,
        side: int,
        latent: int,
        width: int = 128,
        channels_out: int = 3,
        *,
        ranked: bool = False,
    ) -> None:
        super().__init__()
        self.corner = (8 * width, side // 8, side // 8)
        self.expand = nn.Linear(latent + ranked, 8 * width * (side // 8) ** 2)
        channels = (8 * width, 4 * width, 2 * width, width)
        self.convolve = nn.Sequential(
            *itertools.chain.from_iterable(
                (
                    nn.ConvTranspose2d(a, b, 4, 2, 1, bias=False),
                    nn.BatchNorm2d(b),
                    nn.ReLU(inplace=True),
                )
                for a, b in itertools.pairwise(channels)
            ),
            nn.ConvTranspose2d(width, channels_out, 1),
        )
        _init_kaiming(self.expand)

    def forward(self, latent_BZ: Tensor, rank_B: Tensor | None = None) -> Tensor:
        """(B, D, S, S) images, trained to lie in [-1, 1]."""
        x = self.expand(_with_rank(latent_BZ, rank_B)).unflatten(1, self.corner)
        images_BDSS: Tensor = self.convolve(x)
        return images_BDSS


class VAE(nn.Module):
    """Encoder and decoder; 22,835,139 parameters for S = Z = 32 as released."""

    def __init__(
        self, side: int, latent: int, width: int = 128, channels: int = 3, *, ranked: bool = False
    ) -> None:
        super().__init__()
        self.encoder = ImageEncoder(side, latent, width, channels)
        self.decoder = ImageDecoder(side, latent, width, channels, ranked=ranked)

    def forward(
        self, images_BDSS: Tensor, noise_BZ: Tensor, rank_B: Tensor | None = None
    ) -> tuple[Tensor, Latent]:
        """Images decoded from sampled latent vectors, and the distributions these come from."""
        latent: Latent = self.encoder(images_BDSS)
        return self.decoder(latent.draw(noise_BZ), rank_B), latent


class Discriminator(nn.Module):
    """Tells latent vectors of labelled images from others: two hidden layers of 512.

    Args:
        ranked: whether each latent vector comes with a rank (TA-VAAL).
    """

    def __init__(self, latent: int, *, ranked: bool = False) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(latent + ranked, HIDDEN),
            nn.ReLU(inplace=True),
            nn.Linear(HIDDEN, HIDDEN),
            nn.ReLU(inplace=True),
            nn.Linear(HIDDEN, 1),
        )
        _init_kaiming(self.layers)

    def forward(self, latent_BZ: Tensor, rank_B: Tensor | None = None) -> Tensor:
        """(B,) logits of D, the probability of being labelled."""
        logits_B1: Tensor = self.layers(_with_rank(latent_BZ, rank_B))
        return logits_B1.squeeze(1)


def _with_rank(latent_BZ: Tensor, rank_B: Tensor | None) -> Tensor:
    return latent_BZ if rank_B is None else torch.cat([latent_BZ, rank_B.unsqueeze(1)], 1)


def _init_kaiming(module: nn.Module) -> None:
    """Kaiming-normal for convolutions and linear layers, as released; not for transposed ones."""
    for part in module.modules():
        if isinstance(part, nn.Conv2d | nn.Linear):
            nn.init.kaiming_normal_(part.weight)
            if part.bias is not None:
                nn.init.zeros_(part.bias)
