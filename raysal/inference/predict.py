"""One forward pass of a trained model over a batch of images."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from raysal.data.imagenet import MEAN, STD
from raysal.inference.device import autocast
from raysal.inference.precision import Precision
from raysal.models.features import PooledFeatures
from raysal.models.network import Network, Output


@dataclass(frozen=True)
class Prediction:
    """Output of a trained model for a batch, in float32; maps are at input resolution.

    Attributes:
        probabilities_BCHW: class probabilities.
        difficulty_BHW: M^d, probability of being wrong; None without a difficulty branch.
        rating_B: predicted loss, on no particular scale; None without a rating head.
        labelled_rating: scalar, mean rating of the images the model was trained on.
    """

    probabilities_BCHW: Tensor
    difficulty_BHW: Tensor | None
    rating_B: Tensor | None = None
    labelled_rating: Tensor | None = None


def normalise(images_B3HW: Tensor) -> Tensor:
    """uint8 RGB to float32 with ImageNet's mean and deviation, in channels-last layout."""
    mean = torch.tensor(MEAN, device=images_B3HW.device).view(1, 3, 1, 1)
    std = torch.tensor(STD, device=images_B3HW.device).view(1, 3, 1, 1)
    x = images_B3HW.float().mul_(1 / (255 * std)).sub_(mean / std)
    return x.contiguous(memory_format=torch.channels_last)


def to_tensor(images: Sequence[np.ndarray]) -> Tensor:
    """uint8 (H, W, 3) arrays to one (B, 3, H, W) tensor."""
    return torch.from_numpy(np.stack(images)).permute(0, 3, 1, 2)


@torch.inference_mode()
def predict(model: Network, images_B3HW: Tensor, precision: Precision = "auto") -> Prediction:
    """Probabilities and difficulty of uint8 RGB images, on the images' device.

    The model must be in eval mode; nothing is augmented.
    """
    with autocast(precision, images_B3HW.device):
        output: Output = model(normalise(images_B3HW))
    difficulty = output.difficulty_logits_BHW
    return Prediction(
        output.logits_BCHW.softmax(1),
        None if difficulty is None else difficulty.sigmoid(),
        output.rating_B,
        None if model.rating is None else model.rating.labelled_mean,
    )


@torch.inference_mode()
def run_up_to(features: PooledFeatures, images_B3HW: Tensor, precision: Precision = "auto") -> None:
    """Compute the features of uint8 RGB images, without the layers behind them."""
    with autocast(precision, images_B3HW.device):
        features.compute(normalise(images_B3HW))


@torch.inference_mode()
def predict_logits(model: nn.Module, images_B3HW: Tensor, precision: Precision) -> Tensor:
    """(B, C, H, W) float32 logits of uint8 RGB images."""
    with autocast(precision, images_B3HW.device):
        output: Output = model(normalise(images_B3HW))
    return output.logits_BCHW


def predict_classes(model: nn.Module, images_B3HW: Tensor, precision: Precision) -> Tensor:
    """(B, H, W) class ids of uint8 RGB images, without computing a softmax."""
    return predict_logits(model, images_B3HW, precision).argmax(1)
