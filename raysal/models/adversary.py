"""The adversary: what of VAAL is kept to tell labelled images from others, and its file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from raysal.config.load import validate
from raysal.data.decode import resize_image
from raysal.errors import CheckpointError, ConfigError
from raysal.models.adversary_shape import AdversaryShape, Rank
from raysal.models.checkpoint import digest_of, load_state, load_weights, save_state
from raysal.models.vae import Discriminator, ImageEncoder

VERSION = 1
KIND = "raysal.adversary"
FILE = "adversary.pt"


class Adversary(nn.Module):
    """The VAE's encoder and the discriminator."""

    def __init__(self, shape: AdversaryShape) -> None:
        super().__init__()
        self.shape = shape
        self.encoder = ImageEncoder(shape.side, shape.latent, shape.width)
        self.discriminator = Discriminator(shape.latent, ranked=shape.ranked)

    def forward(self, images_B3SS: Tensor, rating_B: Tensor | None = None) -> Tensor:
        """(B,) logits of D(μ), the probability that an image is labelled.

        Args:
            images_B3SS: uint8.
            rating_B: predicted losses, if it is `ranked`.
        """
        latent = self.encoder(to_unit(images_B3SS))
        logits_B: Tensor = self.discriminator(latent.mean_BZ, rank(rating_B, self.shape.rank))
        return logits_B


def rank(rating_B: Tensor | None, kind: Rank) -> Tensor | None:
    """What is told of predicted losses: nothing, they themselves (TA-VAAL's code), or between 0
    and 1 (its paper)."""
    if kind == "none":
        return None
    assert rating_B is not None
    return rating_B.sigmoid() if kind == "sigmoid" else rating_B


def to_unit(images_B3SS: Tensor) -> Tensor:
    """uint8 to float32 in [-1, 1], as in VAAL's released code."""
    return images_B3SS.float() / 127.5 - 1


def small(images: Sequence[np.ndarray], side: int) -> Tensor:
    """uint8 (B, 3, S, S) of uint8 (H, W, 3) images; their proportions are lost."""
    resized = [resize_image(image, (side, side)) for image in images]
    return torch.from_numpy(np.stack(resized)).permute(0, 3, 1, 2)


def save_adversary(path: Path, adversary: Adversary) -> None:
    """Write `path` whole or not at all."""
    state = {k: v.detach().cpu().contiguous() for k, v in adversary.state_dict().items()}
    save_state(
        path,
        {"kind": KIND, "version": VERSION, "shape": adversary.shape.dump(), "state": state},
    )


def load_adversary(folder: Path, device: str | torch.device = "cpu") -> Adversary:
    """The adversary in a folder, in eval mode.

    Raises:
        CheckpointError: absent, damaged, or of another kind or version.
    """
    file = folder / FILE
    raw = load_state(file)
    if not isinstance(raw, dict) or raw.get("kind") != KIND or raw.get("version") != VERSION:
        raise CheckpointError(f"{file} is no adversary that this raysal reads; train it again")
    try:
        shape = validate(AdversaryShape, raw["shape"], str(file))
    except ConfigError as error:
        raise CheckpointError(f"{error}; another raysal made this adversary") from None
    adversary = Adversary(shape)
    load_weights(adversary, raw["state"], file)
    return adversary.eval().to(device)


def digest(adversary: Adversary) -> str:
    """Hash of shape and weights."""
    about: Any = adversary.shape.dump()
    return digest_of(about, {k: v.cpu() for k, v in adversary.state_dict().items()})
