"""Contextual label extension, CLE (CPRAL, Eqs. 7-8, after Yu et al. 2018).

A cell without labels (a query) attends to the annotated cells of its image (the keys) by the
similarity of their patches. It takes over the label that receives most of the attention, if that
share is large enough and at least one key is similar enough.

Axes in names, besides those of `raysal.regions.cells`: Q query cells, K key cells, C classes, E
confidence thresholds, M keys with several labels. No N x N matrix is ever held: attention is
computed for `ExtendConfig.chunk` queries at a time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from raysal.data.decode import IGNORE
from raysal.data.labels import ANNOTATOR, EXTENDED, NONE
from raysal.regions.cells import grid_of, join_cells, patches, shift, split_cells
from raysal.regions.extend_config import ExtendConfig, Thresholds

MIN_NORM = 1e-4
"""Smallest norm that a patch is divided by (Yu)."""
MIN_LOGIT = -60.0
"""Lowest logit relative to the largest: e^-60 is negligible, and lower ones would give denormal
numbers, which make the products ten times slower."""
PIXELWISE_CHUNK = 256
"""Cells computed pixel by pixel at a time: 20 MB for 64 pixels per cell and 19 classes."""


@dataclass(frozen=True)
class Extension:
    """An image's labels after extension, as `raysal.data.labels` keeps them.

    Attributes:
        label: uint8 (H, W): in annotated pixels the annotator's label, which may be 255;
            elsewhere the label taken over, or 255.
        source: uint8 (H, W), ANNOTATOR, EXTENDED or NONE.
    """

    label: np.ndarray
    source: np.ndarray


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
class Proposal:
    """Labels proposed for a chunk of cells with one of the betas.

    Attributes:
        beta: index of the beta.
        cells_Q: indices of the cells.
        similarity_Q: cosine with the most similar key.
        winner_QP: uint8 class with the largest share of the attention, per pixel.
        level_QP: how many of the E thresholds that share reaches.
    """

    beta: int
    cells_Q: Tensor
    similarity_Q: Tensor
    winner_QP: Tensor
    level_QP: Tensor


@torch.inference_mode()
def extend(
    features_Dhw: Tensor,
    label_HW: np.ndarray,
    delivered_HW: np.ndarray,
    classes: int,
    thresholds: Thresholds,
    config: ExtendConfig,
    radius: float,
) -> Extension:
    """Extend labels from the annotated pixels of an image to others.

    Args:
        features_Dhw: float32, from `cell_features` or `map_features`.
        label_HW: uint8 class ids; read only where `delivered_HW`.
        delivered_HW: bool, annotated pixels, of known class or not.
        thresholds: beta, minimum confidence and minimum similarity.
        radius: maximum distance in pixels from an annotated pixel to extend to.
    """
    label_HW = np.where(delivered_HW, label_HW, IGNORE).astype(np.uint8)
    reach_HW = within_radius(delivered_HW, radius)
    taken_NP = np.full_like(split_cells(label_HW, config.cell), IGNORE)
    for proposal in propose(
        features_Dhw,
        label_HW,
        delivered_HW,
        reach_HW,
        classes,
        (thresholds.beta,),
        (thresholds.tau_conf,),
        thresholds.tau_sim,
        config,
    ):
        chosen_QP = proposal.winner_QP.masked_fill(proposal.level_QP == 0, IGNORE)
        taken_NP[proposal.cells_Q.numpy(force=True)] = chosen_QP.numpy(force=True)
    taken_HW = join_cells(taken_NP, label_HW.shape, config.cell)
    new_HW = reach_HW & (taken_HW != IGNORE)
    return Extension(
        np.where(new_HW, taken_HW, label_HW),
        np.where(new_HW, EXTENDED, np.where(delivered_HW, ANNOTATOR, NONE)).astype(np.uint8),
    )


def within_radius(delivered_HW: np.ndarray, radius: float) -> np.ndarray:
    """bool (H, W), pixels not annotated but within Euclidean distance `radius` of one that is."""
    # Slow to import; only workers that extend labels need it.
    from scipy.ndimage import distance_transform_edt

    if not delivered_HW.any():
        return np.zeros_like(delivered_HW, bool)
    open_HW = ~delivered_HW
    return open_HW & (distance_transform_edt(open_HW) <= radius)


def propose(
    features_Dhw: Tensor,
    label_HW: np.ndarray,
    delivered_HW: np.ndarray,
    wanted_HW: np.ndarray,
    classes: int,
    betas: Sequence[float],
    conf_edges: Sequence[float],
    tau_sim: float,
    config: ExtendConfig,
) -> Iterator[Proposal]:
    """Propose labels for every cell with a wanted pixel and a key at least `tau_sim` similar.

    Args:
        label_HW: uint8, 255 where not annotated.
        wanted_HW: bool, pixels whose label matters.
        conf_edges: E ascending thresholds; `level_QP` is exact for each.
    """
    device, grid = features_Dhw.device, grid_of(label_HW.shape, config.cell)
    assert tuple(features_Dhw.shape[1:]) == grid, (features_Dhw.shape, grid)
    assert delivered_HW.dtype == wanted_HW.dtype == bool
    patches_NF = patches(features_Dhw, config.patch)
    unit_NF = functional.normalize(patches_NF, eps=MIN_NORM)
    keys_K = key_cells(delivered_HW, config).to(device)
    wanted_N = torch.from_numpy(split_cells(wanted_HW, config.cell).any(1)).to(device)
    cells_Q, similarity_Q = similar_cells(
        unit_NF, wanted_N.nonzero()[:, 0], keys_K, tau_sim, config.chunk
    )
    if not len(cells_Q):
        return
    label_NP = torch.from_numpy(split_cells(label_HW, config.cell)).to(device)
    half = config.patch // 2 if config.paste == "overlap" else 0
    steps = range(-half, half + 1)
    offsets = [(down, right) for down in steps for right in steps]
    # A key pasted with an offset gives its neighbour's label, so each offset adds K keys.
    given = key_labels(label_NP, torch.cat([shift(keys_K, o, grid) for o in offsets]), classes)
    keys_KF = unit_NF[keys_K]
    queries_NF = unit_NF if config.norm == "both" else patches_NF
    masked = len(unit_NF) - len(keys_K) if config.mask == "yu" else 0
    edges_E = torch.tensor(conf_edges, device=device)
    at_once = max(1, config.chunk // len(offsets))
    for rows_Q, best_Q in zip(cells_Q.split(at_once), similarity_Q.split(at_once), strict=True):
        # The cells whose pasted patches cover these ones, one set per offset.
        pasting = [shift(rows_Q, (-down, -right), grid) for down, right in offsets]
        inside_OQ = torch.stack(pasting) >= 0
        weight_OQ = inside_OQ / inside_OQ.sum(0)
        for number, beta in enumerate(betas):
            shares = [
                attend(queries_NF[source_Q.clamp(min=0)], keys_KF, beta, masked)
                for source_Q in pasting
            ]
            if len(offsets) > 1:
                weighted = zip(shares, weight_OQ.unsqueeze(2), strict=True)
                shares = [torch.cat([share.mul_(weight) for share, weight in weighted], 1)]
            winner_QP, level_QP = vote(shares[0], given, edges_E)
            yield Proposal(number, rows_Q, best_Q, winner_QP, level_QP)


def key_cells(delivered_HW: np.ndarray, config: ExtendConfig) -> Tensor:
    """(K,) indices of the cells that may be keys: annotated completely, or their patches are."""
    whole_N = torch.from_numpy(split_cells(delivered_HW, config.cell).all(1))
    if config.key_validity == "full":
        grid = grid_of(delivered_HW.shape, config.cell)
        around_NF = patches(whole_N.view(1, *grid).float(), config.patch)
        whole_N = around_NF.bool().all(1)
    return whole_N.nonzero()[:, 0]


def similar_cells(
    unit_NF: Tensor, cells_Q: Tensor, keys_K: Tensor, tau_sim: float, chunk: int
) -> tuple[Tensor, Tensor]:
    """Those of `cells_Q` with a key at least `tau_sim` similar, and the largest similarity."""
    if not len(keys_K) or not len(cells_Q):
        return cells_Q[:0], unit_NF.new_zeros(0)
    keys_FK = unit_NF[keys_K].T
    similarity_Q = torch.cat([(unit_NF[part] @ keys_FK).amax(1) for part in cells_Q.split(chunk)])
    enough_Q = similarity_Q >= torch.tensor(tau_sim, device=similarity_Q.device)
    return cells_Q[enough_Q], similarity_Q[enough_Q]


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
