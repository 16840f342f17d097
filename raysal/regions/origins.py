"""Which annotated cells the labels of extended cells come from.

Axes in names, besides those of `raysal.regions.extend`: A pasted keys, O·K of them with O offsets.
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
    """For each extended cell, the key with the largest share in the attention on its class.

    The attention is computed again, for the extended cells only, so that extending labels itself
    takes no longer.

    Args:
        features_Dhw, label_HW, delivered_HW: as for `extend`.
        taken_HW: uint8, the labels that were taken over, 255 elsewhere. If a cell has several, the
            most frequent one counts.
        beta: with which they were extended.

    Returns:
        int64 (N,) the index of the key's cell; -1 for cells that took over nothing.
    """
    label_HW = np.where(delivered_HW, label_HW, IGNORE).astype(np.uint8)
    class_N = _most_frequent(split_cells(taken_HW, config.cell, fill=IGNORE), classes)
    origin_N = np.full(len(class_N), -1)
    keys_K = key_cells(delivered_HW, config).to(features_Dhw.device)
    cells = np.flatnonzero(class_N >= 0)
    if not len(cells) or not len(keys_K):
        return origin_N
    patches_NF = patches(features_Dhw, config.patch)
    unit_NF = functional.normalize(patches_NF, eps=MIN_NORM)
    attention = attention_of(unit_NF, patches_NF, keys_K, label_HW, classes, config)
    of_class_AC = _class_shares(attention.given, classes)
    class_NT = torch.from_numpy(class_N).to(keys_K.device)
    for rows_Q in torch.from_numpy(cells).to(keys_K.device).split(attention.at_once):
        share_QA = attention.shares(*attention.pasting(rows_Q), beta)
        most_Q = (share_QA * of_class_AC[:, class_NT[rows_Q]].T).argmax(1)
        # Those of one offset are together, in the order of the keys.
        found_Q = keys_K[most_Q % len(keys_K)]
        origin_N[rows_Q.numpy(force=True)] = found_Q.numpy(force=True)
    return origin_N


def _class_shares(given: KeyLabels, classes: int) -> Tensor:
    """float32 (A, C) share of the pixels of each pasted key that have a class."""
    shares = [(given.label_KP == c).float().mean(1) for c in range(classes)]
    return torch.stack(shares, 1)


def _most_frequent(taken_NP: np.ndarray, classes: int) -> np.ndarray:
    """int64 (N,) most frequent class of each cell, the lowest if there are several; -1 for none."""
    count_NC = np.stack([(taken_NP == c).sum(1) for c in range(classes)], 1)
    return np.where(count_NC.any(1), count_NC.argmax(1), -1)
