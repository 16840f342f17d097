"""Disagreement of dropout passes (CPRAL, Eq. 4).

Axes in names: M passes, C classes, H W image size, D channels, N pixels on which passes disagree.
"""

from __future__ import annotations

import torch
from torch import Tensor

from raysal.inference.dropout_passes import dropout_passes
from raysal.inference.precision import Precision
from raysal.inference.vote import Dropped, Vote
from raysal.models.layers import resize
from raysal.models.network import Network

# Passes computed together, by image size: enough to use all cores, few enough to fit in memory.
FEWEST_AT_ONCE, PIXELS_AT_ONCE = 4, 2**20


@torch.inference_mode()
def vote_map(
    model: Network,
    image_DHW: Tensor,
    seed: int,
    passes: int,
    vote: Vote = "hard",
    precision: Precision = "auto",
    dropped: Dropped = "channels",
) -> Tensor:
    """(H, W) float32 disagreement of dropout passes over one image; entropies in nats.

    The dropout masks depend on `seed` and the pass alone. The encoder runs once, if the network can
    run its decoder alone. The model must be in eval mode; its other dropout layers stay off.

    Args:
        dropped: what the passes drop; see `raysal.inference.vote.Dropped`.
        vote: `hard`: entropy of the classes' shares of the votes. `variation`: share of votes that
            are not for the most frequent class. `soft`: entropy of the mean probabilities. `bald`:
            `soft` minus the mean entropy of the single passes (mutual information).
    """
    size = (image_DHW.shape[-2], image_DHW.shape[-1])
    logits_of = dropout_passes(model, image_DHW, seed, passes, dropped, precision)
    ballots: list[Tensor] = []
    counting = vote in ("hard", "variation")
    probabilities_CHW = torch.zeros(model.classes, *size, device=image_DHW.device)
    entropy_HW = torch.zeros(size, device=image_DHW.device)
    at_once = passes_at_once(size)
    for start in range(0, passes, at_once):
        logits_MCHW = resize(logits_of(range(start, min(start + at_once, passes))), size)
        if counting:
            ballots.append(logits_MCHW.argmax(1).to(torch.uint8))
            continue
        some_MCHW = logits_MCHW.softmax(1)
        probabilities_CHW += some_MCHW.sum(0)
        if vote == "bald":
            entropy_HW += share_entropy(some_MCHW, dim=1).sum(0)
    if counting:
        measure = vote_entropy if vote == "hard" else variation_ratio
        return measure(torch.cat(ballots), model.classes)
    of_mean_HW = share_entropy(probabilities_CHW / passes)
    # Mutual information is never negative, but rounding could make it so.
    return of_mean_HW if vote == "soft" else (of_mean_HW - entropy_HW / passes).clamp(min=0)


def passes_at_once(size: tuple[int, int]) -> int:
    """Passes that are computed together, for images of (height, width) pixels."""
    return max(FEWEST_AT_ONCE, PIXELS_AT_ONCE // (size[0] * size[1]))


def vote_entropy(votes_MHW: Tensor, classes: int) -> Tensor:
    """(H, W) float32 E = -Σ_c f_c ln f_c, f_c the share of votes for class c (CPRAL, Eq. 4).

    Args:
        votes_MHW: uint8 class of each pixel in each pass.
    """
    disputed_HW, counts_NC = _disputed(votes_MHW, classes)
    passes = len(votes_MHW)
    share = torch.arange(passes + 1, device=votes_MHW.device) / passes
    entropy_HW = torch.zeros(disputed_HW.shape, device=votes_MHW.device)
    entropy_HW[disputed_HW] = torch.special.entr(share)[counts_NC].sum(1)
    return entropy_HW


def variation_ratio(votes_MHW: Tensor, classes: int) -> Tensor:
    """(H, W) float32 1 - max_c f_c, f_c the share of votes for class c (Freeman 1965).

    Args:
        votes_MHW: uint8 class of each pixel in each pass.
    """
    disputed_HW, counts_NC = _disputed(votes_MHW, classes)
    ratio_HW = torch.zeros(disputed_HW.shape, device=votes_MHW.device)
    ratio_HW[disputed_HW] = 1 - counts_NC.amax(1) / len(votes_MHW)
    return ratio_HW


def _disputed(votes_MHW: Tensor, classes: int) -> tuple[Tensor, Tensor]:
    """(H, W) mask of the pixels on which passes disagree, and (N, C) vote counts there.

    With a trained model these are few; everywhere else the disagreement is 0.
    """
    disputed_HW = (votes_MHW != votes_MHW[0]).any(0)
    votes_NM = votes_MHW[:, disputed_HW].T.long()
    counts_NC = votes_NM.new_zeros(len(votes_NM), classes)
    return disputed_HW, counts_NC.scatter_add_(1, votes_NM, torch.ones_like(votes_NM))


def share_entropy(share_CHW: Tensor, dim: int = 0) -> Tensor:
    """-Σ f ln f in nats, summed over the class axis `dim`."""
    smallest = torch.finfo(share_CHW.dtype).tiny
    return -(share_CHW.clamp(min=smallest).log() * share_CHW).sum(dim)
