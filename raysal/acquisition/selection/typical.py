"""TypiClust (Hacohen, Dekel & Weinshall, ICML 2022): the typical images of different clusters.

With few labels it is better to label what is typical than what is unusual. The images, labelled or
not, are divided by k-means into as many clusters as there will be labelled images. The clusters
with the fewest labelled images are asked first, the largest of them first, each for its most
typical image: the one with the smallest mean distance to its nearest neighbours in the cluster.

Where paper and released code leave a choice:
- Typicality is the inverse of the mean distance (paper, Eq. 1); the code takes the mean of squared
  distances. Both have 20 neighbours. In a smaller cluster these are all its other images (paper:
  the cluster's size; code: half of it).
- Labelled and chosen images remain neighbours of the others, so that the typicality of an image
  does not depend on what is labelled; the code removes them.
- Clusters of fewer than 5 images are outliers and are passed over (paper), here until nothing else
  is left. In a small pool, where the mean cluster has fewer than 10 images, only clusters of less
  than half of the mean are passed over; otherwise nothing might remain.
- If more images are wanted than there are clusters, each image chosen counts as labelled, and the
  cluster with the fewest is asked again (code: the same order again).

Axes in names: N images, D features, n images of a cluster.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch

from raysal.acquisition.selection.k_means import SAME, k_means

MAX_CLUSTERS = 500
NEIGHBOURS = 20
SMALLEST = 5
# Added to distances, so that the typicality of duplicates is finite (released code).
EPSILON = 1e-5
# Distances that are held at a time.
AT_ONCE = 2**24


def most_typical(
    vectors_ND: np.ndarray, labelled_N: np.ndarray, count: int, seed: int
) -> Iterator[tuple[int, float]]:
    """Yield up to `count` unlabelled images and their typicality, in the order of choice.

    Ties are broken by position.

    Args:
        vectors_ND: float32 features of unit length.
        labelled_N: bool; whether the image is labelled already.
    """
    if count < 1 or not len(vectors_ND):
        return
    clusters = min(int(labelled_N.sum()) + count, MAX_CLUSTERS)
    cluster_N = k_means(vectors_ND, clusters, seed)
    members = [np.flatnonzero(cluster_N == c) for c in range(cluster_N.max() + 1)]
    outliers = min(SMALLEST, len(vectors_ND) / len(members) / 2)
    waiting: list[tuple[bool, int, int, int]] = []
    found = [_Cluster(vectors_ND, some_n, ~labelled_N[some_n]) for some_n in members]

    def wait(index: int) -> None:
        cluster = found[index]
        if cluster.free_n.any():
            size = len(cluster.members_n)
            labelled = size - int(cluster.free_n.sum())
            heapq.heappush(waiting, (size < outliers, labelled, -size, index))

    for index in range(len(found)):
        wait(index)
    for _ in range(count):
        if not waiting:
            return
        *_, index = heapq.heappop(waiting)
        yield found[index].take()
        wait(index)


@dataclass
class _Cluster:
    """Images of a cluster, by their positions in ascending order.

    Attributes:
        free_n: whether an image is neither labelled nor chosen.
    """

    vectors_ND: np.ndarray
    members_n: np.ndarray
    free_n: np.ndarray

    def take(self) -> tuple[int, float]:
        """Choose the most typical of the free images."""
        distance_n = np.where(self.free_n, self._distance_n, np.nan)
        place = int(np.argmax(distance_n <= np.nanmin(distance_n) + SAME))
        self.free_n[place] = False
        return int(self.members_n[place]), float(1 / (self._distance_n[place] + EPSILON))

    @cached_property
    def _distance_n(self) -> np.ndarray:
        return mean_distances(self.vectors_ND[self.members_n])


def mean_distances(vectors_nD: np.ndarray) -> np.ndarray:
    """(n,) float64 mean distance of each vector to its nearest neighbours; infinite if alone."""
    neighbours = min(NEIGHBOURS, len(vectors_nD) - 1)
    if neighbours == 0:
        return np.array([np.inf])
    x_nD = torch.from_numpy(vectors_nD).double()
    x_nD -= x_nD.mean(0)
    means = []
    for some in torch.arange(len(x_nD)).split(max(1, AT_ONCE // len(x_nD))):
        # As a matrix product, whose rounding is far below `SAME` in float64.
        distance_mn = torch.cdist(x_nD[some], x_nD, compute_mode="use_mm_for_euclid_dist")
        distance_mn[torch.arange(len(some)), some] = torch.inf
        means.append(distance_mn.topk(neighbours, largest=False).values.mean(1))
    return torch.cat(means).numpy()
