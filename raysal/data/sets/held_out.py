"""Hold out training images for validation, where no validation split is published."""

from __future__ import annotations

import heapq
from collections.abc import Iterable

from raysal.config.seed import keyed_hash


def held_out(ids: Iterable[str], count: int) -> frozenset[str]:
    """The `count` ids with the smallest hashes; all of them if there are fewer.

    They are the same on every machine and for every seed of an experiment. A larger `count` only
    adds ids, and if an id is missing, only one other takes its place.
    """
    return frozenset(heapq.nsmallest(count, ids, key=lambda i: (keyed_hash("held out", i), i)))
