"""The best of a stream of images or regions, in memory bounded by the budget."""

from __future__ import annotations

import heapq
import math
from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from raysal.inference.resolution import level
from raysal.regions.region import Region


class Ranked(Protocol):
    """Anything that is chosen by a score."""

    @property
    def score(self) -> float:
        """The highest is chosen first; one that is not finite is never chosen."""

    @property
    def rank(self) -> tuple[Any, ...]:
        """Sort key: descending score, then the tie-breaker."""

    @property
    def key(self) -> Hashable:
        """Identity: picks with the same key are duplicates."""


@dataclass(frozen=True)
class Pick:
    """A chosen image and its score."""

    image_id: str
    score: float

    @property
    def rank(self) -> tuple[float, str]:
        """Descending score; ties by ascending id."""
        return -level(self.score), self.image_id

    @property
    def key(self) -> str:
        """The image's id."""
        return self.image_id


@dataclass(frozen=True)
class RegionPick:
    """A chosen region; `order` is the number of better regions in its image."""

    image_id: str
    order: int
    region: Region

    @property
    def score(self) -> float:
        """The region's response."""
        return self.region.score

    @property
    def rank(self) -> tuple[float, str, int, int]:
        """Descending score; ties by ascending id, row, column."""
        return -level(self.score), self.image_id, self.region.row, self.region.col

    @property
    def key(self) -> tuple[str, int, int]:
        """The image's id, and row and column of the region's top left corner."""
        return self.image_id, self.region.row, self.region.col


R = TypeVar("R", bound=Ranked)


def top_k(scored: Iterable[R], k: int) -> list[R]:
    """The k best, best first; fewer if there are fewer. A score that is not finite is never chosen.

    Holds at most 2 k picks, however long the stream is. Duplicates (from a part that a retried
    worker wrote a second time) count once.
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
