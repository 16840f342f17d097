"""The best of a stream under constraints that keep neighbours apart, in bounded memory.

Greedy in order of rank: the best is taken, and what conflicts with something taken is skipped.
The result is that of sorting the whole stream and going through it once, but the stream is never
held. Instead it is read again for each window of it: the window's picks are the best that come
after the last window's end and do not conflict with what is taken so far. Since a conflict never
goes away, leaving those out changes nothing, and each window begins with one that is taken unless
only a constraint that is too costly to ask for every pick forbids it.
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
    """Greedily, what goes with everything taken before it; best first, until the stream ends.

    Holds some multiple of `at_once` picks and what the constraints remember of those taken. The
    order of the stream does not matter.

    Args:
        read: the stream, from its beginning.
        at_once: size of a window.
        prepare: called with each window before the constraints that are not `quick` see it.
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
    """What may not be together; remembers what was taken.

    Attributes:
        quick: cheap enough to be asked for every pick of the stream.
    """

    quick: bool

    def allows(self, pick: AnyPick) -> bool:
        """Whether it goes with everything taken; once it does not, it never will."""

    def take(self, pick: AnyPick) -> None:
        """It is taken."""


class Quota:
    """At most so many of a group.

    Args:
        group: of an image id.
    """

    quick = True

    def __init__(self, most: int, group: Callable[[str], Hashable]) -> None:
        self._most, self._group = most, group
        self._taken: Counter[Hashable] = Counter()

    def allows(self, pick: AnyPick) -> bool:
        """Its group has room."""
        return self._taken[self._group(pick.image_id)] < self._most

    def take(self, pick: AnyPick) -> None:
        """One more of its group."""
        self._taken[self._group(pick.image_id)] += 1


class MinGap:
    """Frames of a group are at least so many numbers apart; regions of one image may be together.

    Args:
        frame: number of an image id.
    """

    quick = True

    def __init__(
        self, gap: int, group: Callable[[str], Hashable], frame: Callable[[str], int]
    ) -> None:
        self._gap, self._group, self._frame = gap, group, frame
        self._taken: dict[Hashable, list[tuple[int, str]]] = {}

    def allows(self, pick: AnyPick) -> bool:
        """No other image of its group is that near."""
        taken = self._taken.get(self._group(pick.image_id), [])
        frame = self._frame(pick.image_id)
        start = bisect.bisect_left(taken, (frame - self._gap + 1, ""))
        end = bisect.bisect_left(taken, (frame + self._gap, ""))
        return all(image_id == pick.image_id for _, image_id in taken[start:end])

    def take(self, pick: AnyPick) -> None:
        """Its neighbours are out."""
        taken = self._taken.setdefault(self._group(pick.image_id), [])
        entry = self._frame(pick.image_id), pick.image_id
        if entry not in taken[bisect.bisect_left(taken, entry) :][:1]:
            bisect.insort(taken, entry)


class MinDistance:
    """Images are at least a cosine distance (1 - cosine, 0 to 2) apart.

    A vector of zeros has no direction and is far from everything; one that is not finite is
    never taken. Regions of one image may be together.

    Args:
        vectors: (D,) of image ids that are asked about, as they come by.
    """

    quick = False

    def __init__(self, distance: float, vectors: Mapping[str, np.ndarray]) -> None:
        self._most = 1.0 - distance
        self._vectors = vectors
        self._ids: set[str] = set()
        self._taken_ND = np.empty((0, 0))

    def allows(self, pick: AnyPick) -> bool:
        """Nothing taken looks that much alike."""
        unit_D = self._unit(pick.image_id)
        if not np.isfinite(unit_D).all():
            return False
        if pick.image_id in self._ids or not self._ids:
            return True
        return bool((self._taken_ND[: len(self._ids)] @ unit_D).max() <= self._most)

    def take(self, pick: AnyPick) -> None:
        """What looks alike is out."""
        if pick.image_id in self._ids:
            return
        unit_D = self._unit(pick.image_id)
        if len(self._ids) == len(self._taken_ND):  # Full: twice the room.
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
