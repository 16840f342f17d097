"""Segmentation and difficulty losses (DEAL, Eqs. 1, 3 and 4)."""

from __future__ import annotations

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from raysal.data.decode import IGNORE
from raysal.training.config import DifficultyLossConfig

LOG_FLOOR = -100.0


def error_mask(prediction_BHW: Tensor, target_BHW: Tensor) -> tuple[Tensor, Tensor]:
    """M^e (DEAL, Eq. 1): where the prediction is wrong, and where the class is known.

    Returns:
        (error, valid), bool, of the input's shape. Ignored pixels have valid = error = False.
    """
    valid = target_BHW != IGNORE
    return (prediction_BHW != target_BHW) & valid, valid


def segmentation_loss(
    logits_BCHW: Tensor, target_BHW: Tensor, known: Tensor | None = None
) -> Tensor:
    """L_seg (DEAL, Eq. 3): mean cross-entropy in nats over the known pixels of the batch.

    The regulariser R(θ) is the optimiser's weight decay. A batch without any known pixel gives 0
    with zero gradient.

    Args:
        known: known pixels to divide by instead of this batch's, where the batch is one worker's
            part of a larger one (see `World.mean`).
    """
    total = F.cross_entropy(logits_BCHW, target_BHW.long(), ignore_index=IGNORE, reduction="sum")
    return total / (count_known(target_BHW) if known is None else known).clamp(min=1)


def count_known(target_BHW: Tensor) -> Tensor:
    """Scalar number of pixels with a class."""
    return (target_BHW != IGNORE).sum()


def difficulty_loss(
    logits_BHW: Tensor, error_BHW: Tensor, valid_BHW: Tensor, config: DifficultyLossConfig
) -> Tensor:
    """L_dif (DEAL, Eq. 4), or the variant that `config.loss` names.

    Eq. 4 with λ1 = share of right pixels and λ2 = 1 - λ1 equals
    p(1-p)·(mean NLL on errors + mean NLL on right pixels), p the share of errors: class-balanced,
    shrinking as accuracy grows, 0 if all known pixels are right or all are wrong.

    Args:
        logits_BHW: logits of the difficulty map.
        error_BHW: bool, M^e.
        valid_BHW: bool, where M^e is known.

    Returns:
        Scalar in nats: the mean over images that have a known pixel (`scope: image`), or over
        the batch as if it were one image.
    """
    if config.ignore == "right":
        valid_BHW = torch.ones_like(valid_BHW)
    if config.scope == "batch":
        logits_BHW, error_BHW, valid_BHW = (
            x.reshape(1, -1) for x in (logits_BHW, error_BHW, valid_BHW)
        )
    logits_BK, error_BK, valid_BK = (x.flatten(1) for x in (logits_BHW, error_BHW, valid_BHW))
    right_BK = valid_BK & ~error_BK
    nll_error_B = _masked_sum(-F.logsigmoid(logits_BK).clamp(min=LOG_FLOOR), error_BK)
    nll_right_B = _masked_sum(-F.logsigmoid(-logits_BK).clamp(min=LOG_FLOOR), right_BK)
    errors_B, rights_B = error_BK.sum(1).to(logits_BK), right_BK.sum(1).to(logits_BK)
    known_B = (errors_B + rights_B).clamp(min=1)

    if config.loss == "eq4":
        loss_B = (rights_B * nll_error_B + errors_B * nll_right_B) / known_B**2
    elif config.loss == "bce":
        loss_B = (nll_error_B + nll_right_B) / known_B
    else:
        weight_error_B, weight_right_B = (errors_B + 1).rsqrt(), (rights_B + 1).rsqrt()
        norm_B = weight_error_B + weight_right_B
        loss_B = (
            weight_error_B * nll_error_B / errors_B.clamp(min=1)
            + weight_right_B * nll_right_B / rights_B.clamp(min=1)
        ) / norm_B
    known_images = valid_BK.any(1).sum().clamp(min=1)
    return loss_B.sum() / known_images


def _masked_sum(values_BK: Tensor, mask_BK: Tensor) -> Tensor:
    return torch.where(mask_BK, values_BK, torch.zeros_like(values_BK)).sum(1)
