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
from raysal.regions.attention import MIN_NORM, attention_of, vote
from raysal.regions.cells import grid_of, join_cells, patches, split_cells
from raysal.regions.extend_config import ExtendConfig, Thresholds


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
    attention = attention_of(unit_NF, patches_NF, keys_K, label_HW, classes, config)
    edges_E = torch.tensor(conf_edges, device=device)
    for rows_Q, best_Q in zip(
        cells_Q.split(attention.at_once), similarity_Q.split(attention.at_once), strict=True
    ):
        pasting, weight_OQ = attention.pasting(rows_Q)
        for number, beta in enumerate(betas):
            share_QK = attention.shares(pasting, weight_OQ, beta)
            winner_QP, level_QP = vote(share_QK, attention.given, edges_E)
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
