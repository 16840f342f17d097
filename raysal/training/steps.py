"""One training step."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from raysal.data.pixel_format import RGB, PixelFormat
from raysal.inference.device import autocast
from raysal.inference.precision import Precision
from raysal.inference.predict import normalise
from raysal.models.network import Output
from raysal.training.config import LossConfig
from raysal.training.losses import difficulty_loss, error_mask, segmentation_loss
from raysal.training.rating_loss import image_losses, rating_loss


def losses(
    output: Output, target_BHW: Tensor, config: LossConfig, known: Tensor | None = None
) -> Tensor:
    """L_seg + α·L_dif (DEAL, section 3.3) + ranking of ratings (CPRAL, section 3.1), in nats.

    Terms of branches that the network lacks are left out.
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
    images_BDHW: Tensor,
    target_BHW: Tensor,
    loss_config: LossConfig,
    precision: Precision,
    known: Tensor | None = None,
    pixels: PixelFormat = RGB,
) -> Tensor:
    """Forward, backward, update; returns the detached loss (a scalar on the device).

    Args:
        known: see `segmentation_loss`.
        pixels: what the input is made from.
    """
    optimizer.zero_grad(set_to_none=True)
    with autocast(precision, images_BDHW.device):
        output = model(normalise(images_BDHW, pixels))
    loss = losses(output, target_BHW, loss_config, known)
    loss.backward()
    optimizer.step()
    return loss.detach()
