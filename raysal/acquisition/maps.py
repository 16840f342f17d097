"""Maps of pixels and the scores computed from them, as plain functions of tensors.

Axes in names: B images, C classes, H height, W width, K pixels, L levels, E edges.
"""

from __future__ import annotations

import torch
from torch import Tensor


def entropy_map(probs_BCHW: Tensor) -> Tensor:
    """(B, H, W) -Σ_c p ln p, in nats."""
    # A vectorised log and a clamp take a third of the time of torch.special.entr on CPUs.
    smallest = torch.finfo(probs_BCHW.dtype).tiny
    return -probs_BCHW.clamp(min=smallest).log_().mul_(probs_BCHW).sum(1)


def least_confidence_map(probs_BCHW: Tensor) -> Tensor:
    """(B, H, W) 1 - max_c p."""
    return 1 - probs_BCHW.amax(1)


def margin_map(probs_BCHW: Tensor) -> Tensor:
    """(B, H, W) 1 - (largest p - second largest p)."""
    # Taking the maximum twice, the second time without the winner, is faster than topk.
    first_B1HW, winner_B1HW = probs_BCHW.max(1, keepdim=True)
    second_BHW = probs_BCHW.scatter(1, winner_B1HW, -1.0).amax(1)
    return 1 - (first_B1HW.squeeze(1) - second_BHW)


UNCERTAINTY = {
    "entropy": entropy_map,
    "least_confidence": least_confidence_map,
    "margin": margin_map,
    "none": lambda probs_BCHW: torch.ones_like(probs_BCHW[:, 0]),
}


def balanced_mean(map_BHW: Tensor, probs_BCHW: Tensor, power: float) -> Tensor:
    """(B,) mean of a map, weighted by `class_weights`."""
    weight_BK = class_weights(probs_BCHW, power)
    return (map_BHW.flatten(1) * weight_BK).sum(1) / weight_BK.sum(1)


def class_weights(probs_BCHW: Tensor, power: float) -> Tensor:
    """(B, K) weights f^-power of K pixels, where f is the share of the image's pixels that are
    predicted to be of the pixel's class. They are divided by the weight of the rarest class, so
    that no power overflows."""
    classes = probs_BCHW.shape[1]
    winner_BK = probs_BCHW.argmax(1).flatten(1)
    counts_BC = torch.zeros(len(winner_BK), classes, device=winner_BK.device)
    counts_BC.scatter_add_(1, winner_BK, torch.ones_like(winner_BK, dtype=counts_BC.dtype))
    counts_BK = counts_BC.gather(1, winner_BK)
    return (counts_BK.amin(1, keepdim=True) / counts_BK) ** power


def difficulty_levels(difficulty_BK: Tensor, levels: int, bins: str) -> Tensor:
    """(B, K) int64 difficulty level of each pixel, 0..L-1.

    Args:
        difficulty_BK: difficulty of K pixels, in [0, 1].
        bins: `unit`: L equal parts of [0, 1], lower edge inside, 1.0 in the last;
            `image_range`: L equal parts of the image's own [min, max].
    """
    if bins == "unit":
        return (difficulty_BK * levels).long().clamp_(max=levels - 1)
    low_B1, high_B1 = difficulty_BK.amin(1, keepdim=True), difficulty_BK.amax(1, keepdim=True)
    inner = torch.arange(1, levels, device=difficulty_BK.device) / levels
    edges_BE = low_B1 + (high_B1 - low_B1) * inner
    return torch.searchsorted(edges_BE, difficulty_BK.contiguous(), right=True)


def class_shares(probs_BCHW: Tensor) -> Tensor:
    """(B, C) float64 share of an image's pixels that are predicted to be of each class."""
    winner_BK = probs_BCHW.argmax(1).flatten(1)
    counts_BC = torch.zeros(probs_BCHW.shape[:2], dtype=torch.float64, device=winner_BK.device)
    counts_BC.scatter_add_(1, winner_BK, torch.ones_like(winner_BK, dtype=torch.float64))
    return counts_BC / winner_BK.shape[1]


def level_counts(difficulty_BK: Tensor, levels: int, bins: str) -> Tensor:
    """(B, L) int64 number of pixels on each difficulty level; see `difficulty_levels`."""
    B, _ = difficulty_BK.shape
    level_BK = difficulty_levels(difficulty_BK, levels, bins)
    offset_B1 = torch.arange(B, device=difficulty_BK.device).unsqueeze(1) * levels
    return torch.bincount((level_BK + offset_B1).flatten(), minlength=B * levels).view(B, levels)


def level_entropy(difficulty_BHW: Tensor, levels: int, bins: str) -> Tensor:
    """(B,) entropy in nats of the shares of an image's pixels on each difficulty level (DEAL,
    Eq. 7), in [0, ln L]; 0 for a constant map. See `level_counts`."""
    difficulty_BK = difficulty_BHW.flatten(1)
    finite_B = difficulty_BK.isfinite().all(1)
    # Every pixel needs a level; the score of an image with values that are not finite is NaN.
    counts_BL = level_counts(difficulty_BK.nan_to_num(0.0), levels, bins).double()
    entropy_B = torch.special.entr(counts_BL / counts_BL.sum(1, keepdim=True)).sum(1)
    return entropy_B.where(finite_B, torch.nan)
