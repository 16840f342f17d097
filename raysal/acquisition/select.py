"""The best of a stream of scores, in memory bounded by the budget."""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterable
from dataclasses import dataclass

# Batch size and number of threads change a score by some 1e-8 through the order of sums. Scores
# are ranked after rounding to this, so that duplicates in the pool are ordered by id, not by noise.
TIE_TOLERANCE = 1e-6


@dataclass(frozen=True)
class Pick:
    """A chosen image and its score."""

    image_id: str
    score: float

    @property
    def rank(self) -> tuple[int, str]:
        """Sort key: score descending, ties by ascending id."""
        return -round(self.score / TIE_TOLERANCE), self.image_id


def top_k(scored: Iterable[Pick], k: int) -> list[Pick]:
    """The k best, best first; fewer if there are fewer. A score that is not finite is never chosen.

    Holds k picks at a time, whatever the length of the stream; an id that comes twice (a part
    written again by a retried worker) counts once.
    """
    if k <= 0:
        return []
    best: list[Pick] = []
    waiting: list[Pick] = []
    for pick in scored:
        if not math.isfinite(pick.score):
            continue
        if len(best) == k and pick.rank >= best[-1].rank:
            continue
        waiting.append(pick)
        if len(waiting) >= k:
            best, waiting = _merge(best, waiting, k), []
    return _merge(best, waiting, k)


def _merge(best: list[Pick], waiting: list[Pick], k: int) -> list[Pick]:
    by_id = {pick.image_id: pick for pick in (*best, *waiting)}
    return heapq.nsmallest(k, by_id.values(), key=lambda pick: pick.rank)
