"""VAAL's adversary (the encoder and discriminator that score images) and its checkpoint."""

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
from raysal.models.checkpoint import digest_of, load_weights, same
from raysal.models.state_file import load_state, save_state
from raysal.models.vae import Discriminator, ImageEncoder

VERSION = 1
KIND = "raysal.adversary"
FILE = "adversary.pt"


class Adversary(nn.Module):
    """The encoder and the discriminator of VAAL."""

    def __init__(self, shape: AdversaryShape) -> None:
        super().__init__()
        self.shape = shape
        self.encoder = ImageEncoder(shape.side, shape.latent, shape.width, shape.channels)
        self.discriminator = Discriminator(shape.latent, ranked=shape.ranked)

    def forward(self, images_BDSS: Tensor, rating_B: Tensor | None = None) -> Tensor:
        """(B,) logits of D(μ), the probability that an image is labelled.

        Args:
            images_BDSS: uint8, or float32 in 0..1.
            rating_B: predicted losses; required if the shape is `ranked`.
        """
        latent = self.encoder(to_unit(images_BDSS))
        logits_B: Tensor = self.discriminator(latent.mean_BZ, rank(rating_B, self.shape.rank))
        return logits_B


def rank(rating_B: Tensor | None, kind: Rank) -> Tensor | None:
    """The discriminator's extra input: None, the predicted losses (TA-VAAL's released code), or
    their sigmoid (nearer to its paper)."""
    if kind == "none":
        return None
    assert rating_B is not None
    return rating_B.sigmoid() if kind == "sigmoid" else rating_B


def to_unit(images_BDSS: Tensor) -> Tensor:
    """float32 in [-1, 1], as in VAAL's released code, from uint8 or from float32 in 0..1."""
    if images_BDSS.dtype == torch.uint8:
        return images_BDSS.float() / 127.5 - 1
    return images_BDSS * 2 - 1


def shrink_images(images: Sequence[np.ndarray], side: int) -> Tensor:
    """(B, D, S, S) from (H, W, D) images, uint8 or float32, squeezed to squares."""
    resized = [resize_image(image, (side, side)) for image in images]
    return torch.from_numpy(np.stack(resized)).permute(0, 3, 1, 2)


def save_adversary(path: Path, adversary: Adversary) -> None:
    """Write the checkpoint atomically."""
    state = {k: v.detach().cpu().contiguous() for k, v in adversary.state_dict().items()}
    save_state(
        path,
        {"kind": KIND, "version": VERSION, "shape": adversary.shape.dump(), "state": state},
    )


def load_adversary(folder: Path, device: str | torch.device = "cpu") -> Adversary:
    """Load the adversary in `folder`, in eval mode.

    Raises:
        CheckpointError: the file is absent, damaged, or of another kind or version.
    """
    file = folder / FILE
    raw = load_state(file)
    if not isinstance(raw, dict) or not (
        same(raw.get("kind"), KIND) and same(raw.get("version"), VERSION)
    ):
        raise CheckpointError(f"{file} is not an adversary of this raysal version; train it again")
    if lacking := [key for key in ("shape", "state") if key not in raw]:
        raise CheckpointError(f"{file} is damaged: it lacks '{lacking[0]}'")
    try:
        shape = validate(AdversaryShape, raw["shape"], str(file))
    except ConfigError as error:
        raise CheckpointError(f"{error}; another raysal version wrote this adversary") from None
    adversary = Adversary(shape)
    load_weights(adversary, raw["state"], file)
    return adversary.eval().to(device)


def digest(adversary: Adversary) -> str:
    """Hash of shape and weights."""
    about: Any = adversary.shape.dump()
    return digest_of(about, {k: v.cpu() for k, v in adversary.state_dict().items()})
