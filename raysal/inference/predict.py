"""One forward pass of a trained model over a batch of images."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from raysal.data.pixel_format import RGB, PixelFormat
from raysal.inference.device import autocast
from raysal.inference.precision import Precision
from raysal.models.features import MakesVectors
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


def normalise(images_BDHW: Tensor, pixels: PixelFormat = RGB) -> Tensor:
    """The input of a network: float32 in channels-last layout, less the mean, by the deviation.

    Args:
        images_BDHW: uint8, or float32 in 0..1.
        pixels: of the network; see `pixels_of`.
    """
    means, deviations = pixels.normal
    mean = torch.tensor(means, device=images_BDHW.device).view(1, -1, 1, 1)
    std = torch.tensor(deviations, device=images_BDHW.device).view(1, -1, 1, 1)
    if images_BDHW.dtype == torch.uint8:
        x = images_BDHW.float().mul_(1 / (255 * std)).sub_(mean / std)
    else:
        x = images_BDHW.sub(mean).div_(std)
    return x.contiguous(memory_format=torch.channels_last)


def pixels_of(model: nn.Module) -> PixelFormat:
    """What a network's input is made from; RGB pictures if it does not say."""
    found = getattr(model, "pixels", RGB)
    assert isinstance(found, PixelFormat)
    return found


def to_tensor(images: Sequence[np.ndarray]) -> Tensor:
    """(H, W, D) arrays, uint8 or float32, to one (B, D, H, W) tensor."""
    return torch.from_numpy(np.stack(images)).permute(0, 3, 1, 2)


@torch.inference_mode()
def predict(model: Network, images_BDHW: Tensor, precision: Precision = "auto") -> Prediction:
    """Probabilities and difficulty of images as they are decoded, on the images' device.

    The model must be in eval mode; nothing is augmented.
    """
    with autocast(precision, images_BDHW.device):
        output: Output = model(normalise(images_BDHW, pixels_of(model)))
    difficulty = output.difficulty_logits_BHW
    return Prediction(
        output.logits_BCHW.softmax(1),
        None if difficulty is None else difficulty.sigmoid(),
        output.rating_B,
        None if model.rating is None else model.rating.labelled_mean,
    )


@torch.inference_mode()
def run_up_to(features: MakesVectors, images_BDHW: Tensor, precision: Precision = "auto") -> None:
    """Compute the features of images as they are decoded, without the layers behind them."""
    with autocast(precision, images_BDHW.device):
        features.compute(normalise(images_BDHW, features.pixels))


@torch.inference_mode()
def predict_logits(model: nn.Module, images_BDHW: Tensor, precision: Precision) -> Tensor:
    """(B, C, H, W) float32 logits of images as they are decoded."""
    with autocast(precision, images_BDHW.device):
        output: Output = model(normalise(images_BDHW, pixels_of(model)))
    return output.logits_BCHW


def predict_classes(model: nn.Module, images_BDHW: Tensor, precision: Precision) -> Tensor:
    """(B, H, W) class ids of images as they are decoded, without computing a softmax."""
    return predict_logits(model, images_BDHW, precision).argmax(1)
