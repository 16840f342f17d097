"""K-means: k-means++ (Arthur & Vassilvitskii, SODA 2007), then Lloyd's steps until nothing changes.

Our own rather than SciPy's `kmeans2`, whose k-means++ computes all distances again for each centre,
and which warns of an empty cluster and always makes the same number of steps.

All random choices come from the seed and from the order of the vectors. Vectors whose difference is
a matter of rounding are one point, so that no duplicate in the pool becomes a centre of its own.

Axes in names: N vectors, K clusters, D features.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from raysal.config.seed import derive_seed

# Vectors of unit length that are closer than this are the same; see `k_center.TIE_BITS`.
SAME = 2.0**-17
# The best of several attempts; a single one if there are many clusters (scikit-learn's KMeans and
# MiniBatchKMeans, which the code of TypiClust uses for up to 50 clusters and for more); and so many
# that they handle a bounded number of vectors in total.
ATTEMPTS, FEW_CLUSTERS, VECTORS_OF_ALL = 10, 50, 200_000
MAX_STEPS = 100
# Another attempt is better if its sum of squares is smaller by this share; less is rounding.
BETTER = 1e-5
ROWS_AT_ONCE = 8192


def k_means(vectors_ND: np.ndarray, clusters: int, seed: int) -> np.ndarray:
    """(N,) the cluster of each vector; clusters are numbered in the order of their first vectors.

    Args:
        vectors_ND: float32, of unit length; not empty.
        clusters: K; there are fewer if fewer vectors differ.
    """
    x_ND = torch.from_numpy(vectors_ND - vectors_ND.mean(0, dtype=np.float64).astype(np.float32))
    best_N, least = torch.zeros(len(x_ND), dtype=torch.long), np.inf
    attempts = min(ATTEMPTS, VECTORS_OF_ALL // len(x_ND)) if clusters <= FEW_CLUSTERS else 1
    for attempt in range(max(1, attempts)):
        rng = np.random.default_rng(derive_seed(seed, "k-means", attempt))
        cluster_N, squares = _lloyd(x_ND, _first_centres(x_ND, clusters, rng))
        if squares < least * (1 - BETTER):
            best_N, least = cluster_N, squares
    _, first, numbered_N = np.unique(best_N.numpy(), return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[numbered_N]


def _first_centres(x_ND: Tensor, clusters: int, rng: np.random.Generator) -> Tensor:
    """(K, D) different vectors, each drawn with a probability proportional to its squared distance
    from those before."""
    weight_N = torch.ones(len(x_ND), dtype=torch.float64)
    drawn: list[int] = []
    while len(drawn) < clusters and float(weight_N.max()) > SAME**2:
        # Of exponential times with these rates, the first one belongs to i with probability
        # weight_i / sum. Unlike a place in the cumulated sum, it hardly depends on rounding.
        times_N = torch.from_numpy(rng.exponential(size=len(x_ND))) / weight_N
        drawn.append(int(times_N.argmin()))
        far_N = torch.cdist(
            x_ND, x_ND[drawn[-1:]], compute_mode="donot_use_mm_for_euclid_dist"
        ).flatten()
        weight_N = torch.minimum(weight_N, far_N.double().square())
    return x_ND[drawn]


def _lloyd(x_ND: Tensor, centres_KD: Tensor) -> tuple[Tensor, float]:
    """(N,) the nearest centre of each vector when the centres do not move any more, and the sum of
    squared distances. A cluster that becomes empty keeps its centre."""
    cluster_N = torch.full((len(x_ND),), -1)
    lengths = squares = float(x_ND.norm(dtype=torch.float64)) ** 2
    for _ in range(MAX_STEPS):
        before_N, cluster_N = cluster_N, torch.empty_like(cluster_N)
        sums_KD = torch.zeros_like(centres_KD, dtype=torch.float64)
        lengths_K = centres_KD.square().sum(1)
        squares = lengths
        for start in range(0, len(x_ND), ROWS_AT_ONCE):
            rows = slice(start, start + ROWS_AT_ONCE)
            # Squared distances, without the vectors' own squared lengths.
            near_N, cluster_N[rows] = (lengths_K - 2 * x_ND[rows] @ centres_KD.T).min(1)
            squares += float(near_N.sum(dtype=torch.float64))
            sums_KD += torch.zeros_like(centres_KD).index_add_(0, cluster_N[rows], x_ND[rows])
        if torch.equal(before_N, cluster_N):
            break
        count_K1 = torch.bincount(cluster_N, minlength=len(centres_KD))[:, None]
        means_KD = (sums_KD / count_K1.clamp(min=1)).float()
        centres_KD = torch.where(count_K1 > 0, means_KD, centres_KD)
    return cluster_N, squares
