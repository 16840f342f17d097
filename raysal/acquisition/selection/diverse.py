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
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from typing import Protocol

import numpy as np
import pyarrow as pa

from raysal.acquisition.selection.ranked import (
    best_rows,
    rows_after,
    rows_without,
    slices,
    with_level,
)

# Rows that the constraints are asked about before they are given out.
AT_A_TIME = 256


def diverse(
    read: Callable[[], Iterable[pa.Table]],
    constraints: Sequence[Constraint],
    at_once: int,
    prepare: Callable[[Sequence[str]], None] | None = None,
) -> Iterator[pa.Table]:
    """Yield the rows that conflict with none yielded before them, best first.

    Memory holds a few times `at_once` rows, in columns, and what the constraints remember of those
    taken. The result does not depend on the order of the stream.

    Args:
        read: returns the stream (see `raysal.acquisition.selection.ranked`) from its beginning;
            called once for each window.
        at_once: number of rows in a window.
        prepare: called with the ids of each window before the constraints that are not `quick`
            see it.
    """
    quick = [constraint for constraint in constraints if constraint.quick]
    taken: list[pa.Table] = []
    last: pa.Table | None = None
    while True:
        window = best_rows(_left(read(), quick, last), at_once)
        if window is None:
            return
        if prepare is not None:
            prepare(window.column("image_id").to_pylist())
        # What a later folder or part holds once more.
        fresh = rows_without(window, taken)
        for piece in slices(fresh, AT_A_TIME if constraints else max(1, len(fresh))):
            chosen = _take(piece, constraints) if constraints else piece
            taken.append(chosen)
            if len(chosen):
                yield chosen
        if len(window) < at_once:
            return
        last = window.slice(len(window) - 1)


def _left(
    stream: Iterable[pa.Table], quick: Sequence[Constraint], last: pa.Table | None
) -> Iterator[pa.Table]:
    for table in stream:
        left = with_level(table) if last is None else rows_after(table, last)
        if quick:
            ids = left.column("image_id").to_pylist()
            left = left.filter(pa.array([all(c.allows(i) for c in quick) for i in ids], pa.bool_()))
        yield left


def _take(piece: pa.Table, constraints: Sequence[Constraint]) -> pa.Table:
    """The rows that the constraints allow, which are then taken."""
    chosen: list[bool] = []
    for image_id in piece.column("image_id").to_pylist():
        chosen.append(all(constraint.allows(image_id) for constraint in constraints))
        if chosen[-1]:
            for constraint in constraints:
                constraint.take(image_id)
    return piece.filter(pa.array(chosen, pa.bool_()))


class Constraint(Protocol):
    """A rule on which picks may be chosen together; it remembers those taken.

    Attributes:
        quick: whether it is cheap enough to check for every pick of the stream.
    """

    quick: bool

    def allows(self, image_id: str) -> bool:
        """Whether the image is compatible with all taken ones; once False, it stays False."""

    def take(self, image_id: str) -> None:
        """Remember a taken image."""


class Quota:
    """At most `most` picks of each group.

    Args:
        group: gives the group of an image id.
    """

    quick = True

    def __init__(self, most: int, group: Callable[[str], Hashable]) -> None:
        self._most, self._group = most, group
        self._taken: Counter[Hashable] = Counter()

    def allows(self, image_id: str) -> bool:
        """Whether its group has fewer than `most`."""
        return self._taken[self._group(image_id)] < self._most

    def take(self, image_id: str) -> None:
        """Count it in its group."""
        self._taken[self._group(image_id)] += 1


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

    def allows(self, image_id: str) -> bool:
        """Whether no other image of its group is closer than `gap`."""
        taken = self._taken.get(self._group(image_id), [])
        frame = self._frame(image_id)
        start = bisect.bisect_left(taken, (frame - self._gap + 1, ""))
        end = bisect.bisect_left(taken, (frame + self._gap, ""))
        return all(other == image_id for _, other in taken[start:end])

    def take(self, image_id: str) -> None:
        """Remember its frame number."""
        taken = self._taken.setdefault(self._group(image_id), [])
        entry = self._frame(image_id), image_id
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

    def allows(self, image_id: str) -> bool:
        """Whether no taken image is closer than the distance."""
        unit_D = self._unit(image_id)
        if not np.isfinite(unit_D).all():
            return False
        if image_id in self._ids or not self._ids:
            return True
        return bool((self._taken_ND[: len(self._ids)] @ unit_D).max() <= self._most)

    def take(self, image_id: str) -> None:
        """Remember its vector."""
        if image_id in self._ids:
            return
        unit_D = self._unit(image_id)
        if len(self._ids) == len(self._taken_ND):  # Full: double the capacity.
            grown = np.empty((max(64, 2 * len(self._ids)), len(unit_D)))
            if self._ids:
                grown[: len(self._ids)] = self._taken_ND
            self._taken_ND = grown
        self._taken_ND[len(self._ids)] = unit_D
        self._ids.add(image_id)

    def _unit(self, image_id: str) -> np.ndarray:
        vector_D = self._vectors[image_id].astype(np.float64)
        norm = np.linalg.norm(vector_D)
        return vector_D / norm if 0 < norm < np.inf else vector_D
