"""Which images of the pool are looked at in a round."""

from __future__ import annotations

import itertools
import math
from collections.abc import Collection
from dataclasses import dataclass, replace

import numpy as np

from raysal.config.seed import keyed_hash
from raysal.data.pool.reader import Pool


@dataclass(frozen=True)
class Candidates:
    """A rule that any worker can apply to an id by itself, so that no list of ids travels.

    An image is a candidate unless it is excluded or its hash with `key` exceeds `threshold`.

    Attributes:
        key: (seed, round) of the draw.
        threshold: largest admitted 64-bit hash; None admits all.
        excluded: labelled images and those set aside; bounded by what was ever bought.
        count: how many candidates there are.
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
    """Images by name, where they are few: the labelled ones."""

    ids: frozenset[str]

    @property
    def count(self) -> int:
        """How many there are."""
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
    """floor(ratio·|U|) images of the unlabelled pool U, at random (DEAL, section 4.1).

    The draw keeps those with the smallest hash of (seed, round, image id): the same subset
    whatever the order or number of shards. Costs 8 bytes per image of the pool for the time of
    the call.

    Args:
        at_least: take more than the share where it would not fill the budget.
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
    """The first `limit` candidates in pool order: the part of the pool that ends with them.

    A larger limit adds images and takes none away.
    """
    if limit >= candidates.count:
        return pool, candidates
    end = limit
    if candidates.threshold is not None or candidates.excluded:
        drawn = (place for place, i in enumerate(pool.ids(), 1) if i in candidates)
        end = next(itertools.islice(drawn, limit - 1, None))
    return pool.first(end), replace(candidates, count=limit)
