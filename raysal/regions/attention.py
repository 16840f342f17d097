"""Attention of the cells of an image on its annotated ones (CPRAL, Eqs. 7-8, after Yu et al. 2018).

Axes in names as in `raysal.regions.extend`; O offsets at which keys are pasted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from raysal.data.decode import IGNORE
from raysal.regions.cells import grid_of, shift, split_cells
from raysal.regions.extend_config import ExtendConfig

MIN_NORM = 1e-4
"""Smallest norm that a patch is divided by (Yu)."""
MIN_LOGIT = -60.0
"""Lowest logit relative to the largest: e^-60 is negligible, and lower ones would give denormal
numbers, which make the products ten times slower."""
PIXELWISE_CHUNK = 256
"""Cells computed pixel by pixel at a time: 20 MB for 64 pixels per cell and 19 classes."""


@dataclass(frozen=True)
class KeyLabels:
    """Labels of the keys.

    Attributes:
        label_KP: uint8 class of every pixel, 255 unknown.
        content_KC1: float32 (K, C+1): 1 at the class of a key that is of this class throughout;
            1 in the last column for a key with several labels; 0 for an unknown key.
        mixed_M: indices of the keys with several labels, among which unknown counts.
    """

    label_KP: Tensor
    content_KC1: Tensor
    mixed_M: Tensor


@dataclass(frozen=True)
class Attention:
    """What queries attend to in one image.

    Attributes:
        queries_NF: patches of all cells as queries.
        keys_KF: patches of the keys, at unit length.
        keys_K: their cells.
        given: labels of the keys; with O offsets, of O·K pasted ones, those of an offset together.
        offsets: at which keys are pasted, (down, right) in cells.
        masked: see `attend`.
        at_once: queries to compute at a time.
    """

    queries_NF: Tensor
    keys_KF: Tensor
    keys_K: Tensor
    given: KeyLabels
    offsets: tuple[tuple[int, int], ...]
    grid: tuple[int, int]
    masked: int
    at_once: int

    def pasting(self, rows_Q: Tensor) -> tuple[list[Tensor], Tensor]:
        """The cells whose pasted patches cover these ones, (Q,) per offset, and the weight of each,
        (O, Q)."""
        pasting = [shift(rows_Q, (-down, -right), self.grid) for down, right in self.offsets]
        inside_OQ = torch.stack(pasting) >= 0
        return pasting, inside_OQ / inside_OQ.sum(0)

    def shares(self, pasting: Sequence[Tensor], weight_OQ: Tensor, beta: float) -> Tensor:
        """(Q, O·K) attention of cells on the labels in `given`."""
        shares = [
            attend(self.queries_NF[source_Q.clamp(min=0)], self.keys_KF, beta, self.masked)
            for source_Q in pasting
        ]
        if len(self.offsets) == 1:
            return shares[0]
        weighted = zip(shares, weight_OQ.unsqueeze(2), strict=True)
        return torch.cat([share.mul_(weight) for share, weight in weighted], 1)


def attention_of(
    unit_NF: Tensor,
    patches_NF: Tensor,
    keys_K: Tensor,
    label_HW: np.ndarray,
    classes: int,
    config: ExtendConfig,
) -> Attention:
    """What the cells of an image attend to.

    Args:
        unit_NF: patches at unit length.
        patches_NF: patches.
        keys_K: cells that are keys; see `key_cells`.
        label_HW: uint8, 255 where not annotated.
    """
    grid = grid_of(label_HW.shape, config.cell)
    label_NP = torch.from_numpy(split_cells(label_HW, config.cell)).to(unit_NF.device)
    half = config.patch // 2 if config.paste == "overlap" else 0
    steps = range(-half, half + 1)
    offsets = tuple((down, right) for down in steps for right in steps)
    # A key pasted with an offset gives its neighbour's label, so each offset adds K keys.
    given = key_labels(label_NP, torch.cat([shift(keys_K, o, grid) for o in offsets]), classes)
    return Attention(
        queries_NF=unit_NF if config.norm == "both" else patches_NF,
        keys_KF=unit_NF[keys_K],
        keys_K=keys_K,
        given=given,
        offsets=offsets,
        grid=grid,
        masked=len(unit_NF) - len(keys_K) if config.mask == "yu" else 0,
        at_once=max(1, config.chunk // len(offsets)),
    )


def attend(queries_QF: Tensor, keys_KF: Tensor, beta: float, masked: int = 0) -> Tensor:
    """(Q, K) attention of queries on keys: softmax of beta·S (Eq. 7).

    Args:
        queries_QF: patches, at unit length or (Yu) unnormalised.
        keys_KF: patches at unit length.
        masked: number of further cells with logit 0 instead of -inf, whose share is lost.
    """
    logits_QK = (queries_QF * beta) @ keys_KF.T
    top_Q1 = logits_QK.amax(1, keepdim=True)
    if masked:
        top_Q1.clamp_(min=0)
    share_QK = logits_QK.sub_(top_Q1).clamp_(min=MIN_LOGIT).exp_()
    total_Q1 = share_QK.sum(1, keepdim=True)
    if masked:
        total_Q1 += masked * torch.exp(-top_Q1)
    return share_QK.div_(total_Q1)


def key_labels(label_NP: Tensor, cells_K: Tensor, classes: int) -> KeyLabels:
    """The labels of `cells_K`; -1 is a cell outside the image, whose labels are unknown."""
    label_KP = label_NP[cells_K.clamp(min=0)]
    label_KP[cells_K < 0] = IGNORE
    same_K = (label_KP == label_KP[:, :1]).all(1)
    uniform_KC = _one_hot(label_KP[:, 0], classes) * same_K.unsqueeze(1)
    content_KC1 = torch.cat([uniform_KC, ~same_K.unsqueeze(1)], 1)
    return KeyLabels(label_KP, content_KC1, (~same_K).nonzero()[:, 0])


def paste(share_QK: Tensor, given: KeyLabels) -> Tensor:
    """(Q, P, C) attention on each class (Eq. 8); unknown pixels of keys add nothing."""
    pixels, classes = given.label_KP.shape[1], given.content_KC1.shape[1] - 1
    hot_MPC = _one_hot(given.label_KP[given.mixed_M], classes)
    mixed = share_QK[:, given.mixed_M] @ hot_MPC.flatten(1)
    uniform_Q1C = (share_QK @ given.content_KC1[:, :-1]).unsqueeze(1)
    return mixed.view(-1, pixels, classes).add_(uniform_Q1C)


def vote(share_QK: Tensor, given: KeyLabels, edges_E: Tensor) -> tuple[Tensor, Tensor]:
    """The winning class of every pixel, and how many thresholds its share reaches.

    Keys of one class add the same to every pixel of a cell. Pixels are computed one by one only
    where keys with several labels could change the outcome.

    Returns:
        uint8 (Q, P) winner, meaningless where no threshold is reached; int64 (Q, P) level.
    """
    pixels = given.label_KP.shape[1]
    mass_QC1 = share_QK @ given.content_KC1
    mass_QC, open_Q = mass_QC1[:, :-1], mass_QC1[:, -1]
    top_Q, winner_Q = mass_QC.max(1)
    # Padded with an empty class, so that there always is a second.
    second_Q = functional.pad(mass_QC, (0, 1)).topk(2).values[:, 1]
    level_Q = torch.bucketize(top_Q, edges_E, right=True)
    ceiling_Q = torch.bucketize(top_Q + open_Q, edges_E, right=True)
    settled_Q = (level_Q == ceiling_Q) & (top_Q - second_Q > open_Q)
    settled_Q |= (ceiling_Q == 0) | (open_Q == 0)
    winner_QP = winner_Q.to(torch.uint8).unsqueeze(1).repeat(1, pixels)
    level_QP = level_Q.unsqueeze(1).repeat(1, pixels)
    unsettled = (~settled_Q).nonzero()[:, 0]
    for rows_Q in unsettled.split(PIXELWISE_CHUNK) if len(unsettled) else ():
        top_QP, class_QP = paste(share_QK[rows_Q], given).max(2)
        winner_QP[rows_Q] = class_QP.to(torch.uint8)
        level_QP[rows_Q] = torch.bucketize(top_QP, edges_E, right=True)
    return winner_QP, level_QP


def _one_hot(label: Tensor, classes: int) -> Tensor:
    """float32 (..., C), all 0 for 255."""
    return (label.unsqueeze(-1) == torch.arange(classes, device=label.device)).float()
