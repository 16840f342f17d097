"""The best of a stream of images or regions, in memory bounded by the budget."""

from __future__ import annotations

import heapq
import math
from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from raysal.regions.region import Region

# Batch size and number of threads change a score by some 1e-8 through the order of sums. Scores
# are ranked after rounding to this, so that duplicates in the pool are ordered by id, not by noise.
TIE_TOLERANCE = 1e-6


class Ranked(Protocol):
    """Something with a score that can be chosen."""

    @property
    def score(self) -> float:
        """The higher, the sooner chosen; never if not finite."""

    @property
    def rank(self) -> tuple[Any, ...]:
        """Sort key: score descending, then what breaks ties."""

    @property
    def key(self) -> Hashable:
        """What it is: two with the same key are one."""


@dataclass(frozen=True)
class Pick:
    """A chosen image and its score."""

    image_id: str
    score: float

    @property
    def rank(self) -> tuple[int, str]:
        """Score descending, ties by ascending id."""
        return -round(self.score / TIE_TOLERANCE), self.image_id

    @property
    def key(self) -> str:
        """The image."""
        return self.image_id


@dataclass(frozen=True)
class RegionPick:
    """A chosen region; `order` counts the better ones of its image."""

    image_id: str
    order: int
    region: Region

    @property
    def score(self) -> float:
        """The region's response."""
        return self.region.score

    @property
    def rank(self) -> tuple[int, str, int, int]:
        """Score descending, ties by ascending id, row, column."""
        return (
            -round(self.score / TIE_TOLERANCE), self.image_id, self.region.row, self.region.col
        )  # fmt: skip

    @property
    def key(self) -> tuple[str, int, int]:
        """Image and corner."""
        return self.image_id, self.region.row, self.region.col


R = TypeVar("R", bound=Ranked)


def top_k(scored: Iterable[R], k: int) -> list[R]:
    """The k best, best first; fewer if there are fewer. A score that is not finite is never chosen.

    Holds k picks at a time, whatever the length of the stream; what comes twice (a part written
    again by a retried worker) counts once.
    """
    if k <= 0:
        return []
    best: list[R] = []
    waiting: list[R] = []
    for pick in scored:
        if not math.isfinite(pick.score):
            continue
        if len(best) == k and pick.rank >= best[-1].rank:
            continue
        waiting.append(pick)
        if len(waiting) >= k:
            best, waiting = _merge(best, waiting, k), []
    return _merge(best, waiting, k)


def _merge(best: list[R], waiting: list[R], k: int) -> list[R]:
    by_key = {pick.key: pick for pick in (*best, *waiting)}
    return heapq.nsmallest(k, by_key.values(), key=lambda pick: pick.rank)
