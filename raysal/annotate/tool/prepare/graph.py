"""Which superpixels touch, and along how many pixels.

Axes in names: y x size of a map of superpixels, E pairs that touch.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Adjacency:
    """Pairs of superpixels that share a border.

    Attributes:
        one_E, other_E: int32, the smaller id and the larger one.
        length_E: int64, sides of pixels along which they touch.
    """

    one_E: np.ndarray
    other_E: np.ndarray
    length_E: np.ndarray


def adjacency(label_yx: np.ndarray) -> Adjacency:
    """The pairs in a map of ids, int (y, x)."""
    pairs = [
        (label_yx[1:], label_yx[:-1]),
        (label_yx[:, 1:], label_yx[:, :-1]),
    ]
    codes = []
    for a, b in pairs:
        differs = a != b
        codes.append(_coded(a[differs], b[differs]))
    return _counted(np.concatenate(codes), None)


def coarsened(edges: Adjacency, parent_N: np.ndarray) -> Adjacency:
    """The pairs of unions of superpixels.

    Args:
        parent_N: the union in which each superpixel lies.
    """
    one_E, other_E = parent_N[edges.one_E], parent_N[edges.other_E]
    differs = one_E != other_E
    return _counted(_coded(one_E[differs], other_E[differs]), edges.length_E[differs])


def _coded(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    low, high = np.minimum(a, b).astype(np.int64), np.maximum(a, b)
    coded: np.ndarray = (low << 32) | high
    return coded


def _counted(codes: np.ndarray, weight: np.ndarray | None) -> Adjacency:
    pairs, which, counts = np.unique(codes, return_inverse=True, return_counts=True)
    if weight is not None:
        counts = np.bincount(which, weight, len(pairs)).astype(np.int64)
    return Adjacency((pairs >> 32).astype(np.int32), pairs.astype(np.int32), counts)
