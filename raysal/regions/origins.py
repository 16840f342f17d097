"""Which annotated cells the labels of extended cells come from.

Axes in names, besides those of `raysal.regions.extend`: A pasted keys, O·K of them with O offsets;
Q cells, each once for each class that it took over.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from raysal.data.decode import IGNORE
from raysal.regions.attention import MIN_NORM, KeyLabels, attention_of
from raysal.regions.cells import patches, split_cells
from raysal.regions.extend import key_cells
from raysal.regions.extend_config import ExtendConfig


@torch.inference_mode()
def origins(
    features_Dhw: Tensor,
    label_HW: np.ndarray,
    delivered_HW: np.ndarray,
    taken_HW: np.ndarray,
    classes: int,
    beta: float,
    config: ExtendConfig,
) -> np.ndarray:
    """For each extended cell and each class that it took over, the key with the largest share in
    the attention on that class.

    The attention is computed again, for the extended cells only, so that extending labels itself
    takes no longer.

    Args:
        features_Dhw, label_HW, delivered_HW: as for `extend`.
        taken_HW: uint8, the labels that were taken over, 255 elsewhere.
        beta: with which they were extended.

    Returns:
        int64 (N, C) the index of the key's cell; -1 where a cell did not take over a class.
    """
    label_HW = np.where(delivered_HW, label_HW, IGNORE).astype(np.uint8)
    taken_NP = split_cells(taken_HW, config.cell, fill=IGNORE)
    there_NC = np.stack([(taken_NP == c).any(1) for c in range(classes)], 1)
    origin_NC = np.full(there_NC.shape, -1)
    keys_K = key_cells(delivered_HW, config).to(features_Dhw.device)
    if not there_NC.any() or not len(keys_K):
        return origin_NC
    # A cell comes once for each of its classes.
    row_Q, class_Q = torch.from_numpy(there_NC).to(keys_K.device).nonzero(as_tuple=True)
    patches_NF = patches(features_Dhw, config.patch)
    unit_NF = functional.normalize(patches_NF, eps=MIN_NORM)
    attention = attention_of(unit_NF, patches_NF, keys_K, label_HW, classes, config)
    of_class_AC = _class_shares(attention.given, classes)
    size = attention.at_once
    for rows_Q, classes_Q in zip(row_Q.split(size), class_Q.split(size), strict=True):
        share_QA = attention.shares(*attention.pasting(rows_Q), beta)
        most_Q = (share_QA * of_class_AC[:, classes_Q].T).argmax(1)
        # Those of one offset are together, in the order of the keys.
        found_Q = keys_K[most_Q % len(keys_K)]
        origin_NC[rows_Q.numpy(force=True), classes_Q.numpy(force=True)] = found_Q.numpy(force=True)
    return origin_NC


def _class_shares(given: KeyLabels, classes: int) -> Tensor:
    """float32 (A, C) share of the pixels of each pasted key that have a class."""
    shares = [(given.label_KP == c).float().mean(1) for c in range(classes)]
    return torch.stack(shares, 1)
