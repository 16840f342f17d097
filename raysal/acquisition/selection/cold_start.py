"""The first images to label, chosen by the features of a network that nobody has trained yet.

`coverage`: k-center greedy (see `k_center`); no image of the pool is far from a labelled one. It
begins with the unusual images. `typical`: TypiClust (see `typical`); typical images of different
clusters. Hacohen et al. find that typical images are better for small budgets, and unusual ones
for large budgets.

Both compare directions: features are scaled to unit length, as those of TypiClust are. Images are
considered in the order of their ids, so that nothing depends on the order of the pool.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Collection, Sequence
from typing import Literal

import numpy as np

from raysal.acquisition.selection.k_center import LocalShards, Shard, check_finite, k_center_greedy
from raysal.acquisition.selection.magnitude import usual_rows
from raysal.acquisition.selection.top_k import Pick
from raysal.acquisition.selection.typical import most_typical

Start = Literal["coverage", "typical"]
# The largest cosine distance: the score of a first image, which has no distance to another one.
LARGEST_DISTANCE = 2.0


def first_images(
    start: Start,
    image_ids: Sequence[str],
    vectors_ND: np.ndarray,
    known: Collection[str],
    count: int,
    seed: int,
) -> list[Pick]:
    """Up to `count` images, in the order of choice; fewer if there are fewer.

    The score of a pick is its cosine distance to the nearest image known or chosen before
    (`coverage`), or its typicality (`typical`). Needs up to five times the memory of the features.

    Args:
        image_ids, vectors_ND: all images and their float32 features; an id may occur twice.
        known: those of them that are labelled already, or will be.

    Raises:
        DataError: a feature is not a finite number.
    """
    names, order_N = np.unique(np.array(image_ids, object), return_index=True)
    ids, vectors_ND = names.tolist(), vectors_ND[order_N]
    check_finite(ids, vectors_ND, "use other initial weights (model.weights, or features.weights)")
    known = frozenset(known)
    known_N = np.array([image_id in known for image_id in ids], bool)
    if start == "typical":
        vectors_ND = usual_rows(vectors_ND)
        length_N1 = np.linalg.norm(vectors_ND, axis=1, keepdims=True)
        unit_ND = vectors_ND / np.where(length_N1 > 0, length_N1, 1)
        chosen = most_typical(unit_ND, known_N, count, seed)
        return [Pick(ids[place], typicality) for place, typicality in chosen]
    shard = Shard(names[~known_N].tolist(), vectors_ND[~known_N], 0, "cosine")
    far = k_center_greedy(LocalShards([shard]), vectors_ND[known_N], seed, 0)
    return [
        Pick(one.image_id, one.distance if math.isfinite(one.distance) else LARGEST_DISTANCE)
        for one in itertools.islice(far, count)
    ]
