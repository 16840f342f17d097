"""Losses of the rating head: it learns which of two images has the larger loss."""

from __future__ import annotations

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from raysal.data.decode import IGNORE
from raysal.training.config import RatingLossConfig


def image_losses(logits_BCHW: Tensor, target_BHW: Tensor) -> Tensor:
    """(B,) detached mean cross-entropy in nats of each image's known pixels; NaN without any."""
    loss_BHW = F.cross_entropy(
        logits_BCHW.detach(), target_BHW.long(), ignore_index=IGNORE, reduction="none"
    )
    known_B = (target_BHW != IGNORE).flatten(1).sum(1)
    return loss_BHW.flatten(1).sum(1) / known_B


def rating_loss(rating_B: Tensor, loss_B: Tensor, config: RatingLossConfig) -> Tensor:
    """Mean over pairs of max(0, ξ - s·(r_i - r_j)), s = 1 if image i has the larger loss, else -1;
    or of -log sigmoid(s·(r_i - r_j)) (RankNet).

    Args:
        rating_B: predicted ratings.
        loss_B: the images' losses; images whose loss is NaN are left out.

    Returns:
        Scalar; 0 with zero gradient if there is no pair.
    """
    kept = ~loss_B.isnan()
    difference_P, sign_P = pairs(rating_B[kept], loss_B[kept], config.tie)
    if config.kind == "ranknet":
        terms_P = ranknet_terms(difference_P, sign_P)
    else:
        terms_P = margin_terms(difference_P, sign_P, config.margin)
    return terms_P.sum() / max(len(terms_P), 1) + 0 * rating_B.sum()


def pairs(rating_B: Tensor, loss_B: Tensor, tie: str = "minus") -> tuple[Tensor, Tensor]:
    """Rating differences and signs of the pairs (i, B-1-i); if B is odd, the middle has none.

    The sign of a pair of equal losses is -1, or the pair is left out (`tie: skip`).
    """
    half = len(rating_B) // 2
    last = len(rating_B) - 1
    first_P = torch.arange(half, device=rating_B.device)
    difference_P = rating_B[first_P] - rating_B[last - first_P]
    gap_P = loss_B[first_P] - loss_B[last - first_P]
    sign_P = torch.where(gap_P > 0, 1.0, -1.0)
    if tie == "skip":
        return difference_P[gap_P != 0], sign_P[gap_P != 0]
    return difference_P, sign_P


def margin_terms(difference_P: Tensor, sign_P: Tensor, margin: float = 1.0) -> Tensor:
    """(P,) max(0, ξ - s·(r_i - r_j)) (Yoo & Kweon, Eq. 2)."""
    return (margin - sign_P * difference_P).clamp(min=0)


def ranknet_terms(difference_P: Tensor, sign_P: Tensor) -> Tensor:
    """(P,) binary cross-entropy of sigmoid(r_i - r_j) (TA-VAAL's ranker)."""
    return F.binary_cross_entropy_with_logits(difference_P, (sign_P > 0).float(), reduction="none")
