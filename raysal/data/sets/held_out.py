"""A validation split where none is to be had: some of the training images."""

from __future__ import annotations

import heapq
from collections.abc import Iterable

from raysal.config.seed import keyed_hash


def held_out(ids: Iterable[str], count: int) -> frozenset[str]:
    """The `count` ids with the smallest hashes; all of them if there are fewer.

    The same on every machine and for every seed of an experiment. A larger count adds to a smaller
    one, and an id that is missing moves one other only.
    """
    return frozenset(heapq.nsmallest(count, ids, key=lambda i: (keyed_hash("held out", i), i)))
