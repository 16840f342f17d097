"""One train step, one prediction step."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from raysal.models.deeplab import DeepLabV3Plus, Output
from raysal.training.config import LossConfig, Precision
from raysal.training.device import autocast
from raysal.training.losses import difficulty_loss, error_mask, segmentation_loss
from raysal.training.rating_loss import image_losses, rating_loss

MEAN = (0.485, 0.456, 0.406)
STD = (0.229, 0.224, 0.225)


@dataclass(frozen=True)
class Prediction:
    """What a trained model says of a batch, at input resolution, in float32.

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


def losses(
    output: Output, target_BHW: Tensor, config: LossConfig, known: Tensor | None = None
) -> Tensor:
    """L_seg + α·L_dif (DEAL, section 3.3) + ranking of ratings (CPRAL, section 3.1), in nats.

    Terms whose branch the network lacks are absent.
    """
    loss = segmentation_loss(output.logits_BCHW, target_BHW, known)
    if output.difficulty_logits_BHW is not None:
        error_BHW, valid_BHW = error_mask(output.logits_BCHW.argmax(1), target_BHW)
        loss = loss + config.alpha * difficulty_loss(
            output.difficulty_logits_BHW, error_BHW, valid_BHW, config.dif
        )
    if output.rating_B is not None:
        loss_B = image_losses(output.logits_BCHW, target_BHW)
        loss = loss + config.rating.weight * rating_loss(output.rating_B, loss_B, config.rating)
    return loss


def train_step(
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    images_B3HW: Tensor,
    target_BHW: Tensor,
    loss_config: LossConfig,
    precision: Precision,
    known: Tensor | None = None,
) -> Tensor:
    """Forward, backward, update; returns the detached loss (a scalar on the device).

    Args:
        known: see `segmentation_loss`.
    """
    optimizer.zero_grad(set_to_none=True)
    with autocast(precision, images_B3HW.device):
        output = model(normalise(images_B3HW))
    loss = losses(output, target_BHW, loss_config, known)
    loss.backward()
    optimizer.step()
    return loss.detach()


@torch.inference_mode()
def predict(model: DeepLabV3Plus, images_B3HW: Tensor, precision: Precision = "auto") -> Prediction:
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
def predict_classes(model: nn.Module, images_B3HW: Tensor, precision: Precision) -> Tensor:
    """(B, H, W) class ids of uint8 RGB images; spares the softmax."""
    with autocast(precision, images_B3HW.device):
        output: Output = model(normalise(images_B3HW))
    return output.logits_BCHW.argmax(1)
