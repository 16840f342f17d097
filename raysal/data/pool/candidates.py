"""Which images of the pool are candidates in a round."""

from __future__ import annotations

import itertools
import math
from collections.abc import Collection
from dataclasses import dataclass, replace

import numpy as np

from raysal.config.seed import keyed_hash
from raysal.data.pool.pool import Pool


@dataclass(frozen=True)
class Candidates:
    """A rule that tells from an image id whether the image is a candidate.

    A worker applies the rule itself, so it is not sent a list of all candidates. An image is a
    candidate unless it is excluded or its hash with `key` is above `threshold`.

    Attributes:
        key: (seed, round) of the draw.
        threshold: largest accepted 64-bit hash; None accepts all.
        excluded: labelled and unreadable images; bounded by the budget spent so far.
        count: number of candidates.
    """

    key: tuple[int, int]
    threshold: int | None
    excluded: frozenset[str]
    count: int

    def __contains__(self, image_id: object) -> bool:
        if image_id in self.excluded:
            return False
        return self.threshold is None or _hash(self.key, str(image_id)) <= self.threshold


@dataclass(frozen=True)
class Listed:
    """A short list of images instead of a rule, such as the labelled ones."""

    ids: frozenset[str]

    @property
    def count(self) -> int:
        """Number of images."""
        return len(self.ids)

    def __contains__(self, image_id: object) -> bool:
        return image_id in self.ids


def _hash(key: tuple[int, int], image_id: str) -> int:
    return keyed_hash("candidates", *key, image_id)


def draw_candidates(
    pool: Pool,
    excluded: Collection[str],
    ratio: float,
    seed: int,
    round_index: int,
    at_least: int = 0,
) -> Candidates:
    """Draw floor(ratio·|U|) images of the unlabelled pool U at random (DEAL, section 4.1).

    The images with the smallest hash of (seed, round, image id) are kept, so the subset does not
    depend on the order or number of shards. Needs 8 bytes of memory per image of the pool.

    Args:
        excluded: ids of the images of the pool that are not in U.
        at_least: minimum number to draw, so that there are enough candidates for the budget.
    """
    key = (seed, round_index)
    excluded = frozenset(excluded)
    hashes = np.fromiter(
        (_hash(key, image_id) for image_id in pool.ids() if image_id not in excluded), np.uint64
    )
    wanted = max(math.floor(ratio * len(hashes)), at_least)
    if wanted >= len(hashes):
        return Candidates(key, None, excluded, len(hashes))
    if wanted == 0:
        return Candidates(key, -1, excluded, 0)
    threshold = int(np.partition(hashes, wanted - 1)[wanted - 1])
    return Candidates(key, threshold, excluded, wanted)


def first_candidates(pool: Pool, candidates: Candidates, limit: int) -> tuple[Pool, Candidates]:
    """The first `limit` candidates in pool order.

    A larger limit adds images and removes none.

    Returns:
        The part of the pool that ends with the last of them, and their rule.
    """
    if limit >= candidates.count:
        return pool, candidates
    end = limit
    if candidates.threshold is not None or candidates.excluded:
        drawn = (place for place, i in enumerate(pool.ids(), 1) if i in candidates)
        end = next(itertools.islice(drawn, limit - 1, None))
    return pool.first(end), replace(candidates, count=limit)
