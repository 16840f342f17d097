"""Merging superpixels into coarser ones, two at a time (Ward, J. Am. Stat. Assoc. 1963).

Axes in names: N superpixels.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence

import numpy as np

from raysal.annotate.tool.prepare.graph import Adjacency


def merge_down(
    lab_N3: np.ndarray,
    centre_N2: np.ndarray,
    area_N: np.ndarray,
    edges: Adjacency,
    compactness: float,
    counts: Sequence[int],
) -> list[np.ndarray]:
    """Unions of touching superpixels, for each of some decreasing counts.

    The pair is merged next whose merging adds the least to the variance within, of colours and of
    places. Places are measured in the side of a superpixel of the count that is aimed at, and count
    `compactness` units of colour, as in SLIC.

    Returns:
        For each count, int32 (N,) the union in which each superpixel lies, 0..count-1.
    """
    union = np.arange(len(area_N), dtype=np.int32)
    found = []
    total = float(area_N.sum())
    for count in counts:
        of = int(union.max()) + 1
        weight = np.bincount(union, area_N, of)
        scale = compactness * np.sqrt(count / total)
        features = np.concatenate([lab_N3, centre_N2 * scale], 1).astype(np.float64)
        means = np.stack(
            [np.bincount(union, area_N * features[:, f], of) for f in range(features.shape[1])], 1
        )
        one, other = union[edges.one_E], union[edges.other_E]
        pairs = {(int(a), int(b)) for a, b in zip(one, other, strict=True) if a != b}
        parent = _merged(weight, means / weight[:, None], pairs, count)
        union = parent[union]
        found.append(union)
    return found


def _merged(
    weight_N: np.ndarray, mean_NF: np.ndarray, pairs: set[tuple[int, int]], count: int
) -> np.ndarray:
    """int32 (N,) ids of the unions."""
    weights, means = weight_N.tolist(), mean_NF.tolist()
    beside: list[set[int]] = [set() for _ in weights]
    for a, b in pairs:
        beside[a].add(b)
        beside[b].add(a)

    def growth(a: int, b: int) -> float:
        apart = sum([(x - y) ** 2 for x, y in zip(means[a], means[b], strict=True)])
        return weights[a] * weights[b] / (weights[a] + weights[b]) * apart

    heap = [(growth(a, b), a, b) for a, b in {(min(p), max(p)) for p in pairs}]
    heapq.heapify(heap)
    parent = list(range(len(weights)))
    alive = len(parent)
    while heap and alive > count:
        _, a, b = heapq.heappop(heap)
        if parent[a] != a or parent[b] != b:
            continue
        # A union gets a new id, so that pairs of earlier ones are recognised as gone.
        new = len(parent)
        parent.append(new)
        parent[a] = parent[b] = new
        total = weights[a] + weights[b]
        means.append(
            [
                (weights[a] * x + weights[b] * y) / total
                for x, y in zip(means[a], means[b], strict=True)
            ]
        )
        weights.append(total)
        around = (beside[a] | beside[b]) - {a, b}
        beside.append(around)
        for near in around:
            beside[near] -= {a, b}
            beside[near].add(new)
            heapq.heappush(heap, (growth(near, new), near, new))
        alive -= 1
    # Parents have larger ids than their children.
    root = list(range(len(parent)))
    for node in range(len(parent) - 1, -1, -1):
        if parent[node] != node:
            root[node] = root[parent[node]]
    _, ids = np.unique(np.array(root[: len(weight_N)]), return_inverse=True)
    return ids.astype(np.int32)
