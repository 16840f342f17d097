"""The best of a stream under constraints that keep similar images apart, in bounded memory.

Picks are considered best first, and each is taken unless it conflicts with one taken before. The
result is that of sorting the whole stream and going through it once, but the stream is never held
in memory. Instead it is read once for each window: the best picks that rank after the previous
window and do not conflict with any taken so far. Because a conflict never goes away, leaving out
conflicting picks changes nothing. The first pick of a window is always taken, unless a constraint
forbids it that is too expensive to check for every pick of the stream.
"""

from __future__ import annotations

import bisect
import math
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol, TypeVar

import numpy as np

from raysal.acquisition.selection.top_k import Pick, RegionPick, top_k

AnyPick = Pick | RegionPick
P = TypeVar("P", bound=AnyPick)


def diverse(
    read: Callable[[], Iterable[P]],
    constraints: Sequence[Constraint],
    at_once: int,
    prepare: Callable[[Sequence[P]], None] = lambda window: None,
) -> Iterator[P]:
    """Yield each pick that conflicts with none yielded before it, best first.

    Memory holds a few times `at_once` picks, the keys of the picks taken, and what the constraints
    remember of them. The result does not depend on the order of the stream.

    Args:
        read: returns the stream from its beginning; called once for each window.
        at_once: number of picks in a window.
        prepare: called with each window before the constraints that are not `quick` check it.
    """
    quick = [constraint for constraint in constraints if constraint.quick]
    taken: set[Hashable] = set()
    after: tuple[Any, ...] | None = None
    while True:
        window = top_k(_left(read(), quick, after), at_once)
        prepare(window)
        for pick in window:
            if pick.key in taken or not all(c.allows(pick) for c in constraints):
                continue
            for constraint in constraints:
                constraint.take(pick)
            taken.add(pick.key)
            yield pick
        if len(window) < at_once:
            return
        after = window[-1].rank


def _left(
    stream: Iterable[P], quick: Sequence[Constraint], after: tuple[Any, ...] | None
) -> Iterator[P]:
    for pick in stream:
        allowed = all(constraint.allows(pick) for constraint in quick)
        # A score that is not finite has no rank, and is never chosen.
        if allowed and math.isfinite(pick.score) and (after is None or pick.rank > after):
            yield pick


class Constraint(Protocol):
    """A rule on which picks may be chosen together; it remembers those taken.

    Attributes:
        quick: whether it is cheap enough to check for every pick of the stream.
    """

    quick: bool

    def allows(self, pick: AnyPick) -> bool:
        """Whether the pick is compatible with all taken ones; once False, it stays False."""

    def take(self, pick: AnyPick) -> None:
        """Remember a taken pick."""


class Quota:
    """At most `most` picks of each group.

    Args:
        group: gives the group of an image id.
    """

    quick = True

    def __init__(self, most: int, group: Callable[[str], Hashable]) -> None:
        self._most, self._group = most, group
        self._taken: Counter[Hashable] = Counter()

    def allows(self, pick: AnyPick) -> bool:
        """Whether its group has fewer than `most`."""
        return self._taken[self._group(pick.image_id)] < self._most

    def take(self, pick: AnyPick) -> None:
        """Count it in its group."""
        self._taken[self._group(pick.image_id)] += 1


class MinGap:
    """Images of a group are at least `gap` frame numbers apart; an image may have several regions.

    Args:
        group: gives the group of an image id.
        frame: gives the frame number of an image id.
    """

    quick = True

    def __init__(
        self, gap: int, group: Callable[[str], Hashable], frame: Callable[[str], int]
    ) -> None:
        self._gap, self._group, self._frame = gap, group, frame
        self._taken: dict[Hashable, list[tuple[int, str]]] = {}

    def allows(self, pick: AnyPick) -> bool:
        """Whether no other image of its group is closer than `gap`."""
        taken = self._taken.get(self._group(pick.image_id), [])
        frame = self._frame(pick.image_id)
        start = bisect.bisect_left(taken, (frame - self._gap + 1, ""))
        end = bisect.bisect_left(taken, (frame + self._gap, ""))
        return all(image_id == pick.image_id for _, image_id in taken[start:end])

    def take(self, pick: AnyPick) -> None:
        """Remember its frame number."""
        taken = self._taken.setdefault(self._group(pick.image_id), [])
        entry = self._frame(pick.image_id), pick.image_id
        if entry not in taken[bisect.bisect_left(taken, entry) :][:1]:
            bisect.insort(taken, entry)


class MinDistance:
    """Images are at least a cosine distance (1 - cosine, 0 to 2) apart; an image may have several
    regions.

    A vector of zeros has no direction and a distance of 1 to every other; an image whose vector is
    not finite is never taken.

    Args:
        vectors: (D,) vectors by image id; `prepare` of `diverse` can load those of each window.
    """

    quick = False

    def __init__(self, distance: float, vectors: Mapping[str, np.ndarray]) -> None:
        self._most = 1.0 - distance
        self._vectors = vectors
        self._ids: set[str] = set()
        self._taken_ND = np.empty((0, 0))

    def allows(self, pick: AnyPick) -> bool:
        """Whether no taken image is closer than the distance."""
        unit_D = self._unit(pick.image_id)
        if not np.isfinite(unit_D).all():
            return False
        if pick.image_id in self._ids or not self._ids:
            return True
        return bool((self._taken_ND[: len(self._ids)] @ unit_D).max() <= self._most)

    def take(self, pick: AnyPick) -> None:
        """Remember its vector."""
        if pick.image_id in self._ids:
            return
        unit_D = self._unit(pick.image_id)
        if len(self._ids) == len(self._taken_ND):  # Full: double the capacity.
            grown = np.empty((max(64, 2 * len(self._ids)), len(unit_D)))
            if self._ids:
                grown[: len(self._ids)] = self._taken_ND
            self._taken_ND = grown
        self._taken_ND[len(self._ids)] = unit_D
        self._ids.add(pick.image_id)

    def _unit(self, image_id: str) -> np.ndarray:
        vector_D = self._vectors[image_id].astype(np.float64)
        norm = np.linalg.norm(vector_D)
        return vector_D / norm if 0 < norm < np.inf else vector_D
