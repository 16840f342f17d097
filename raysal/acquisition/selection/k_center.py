"""Core-set: k-center greedy (Sener & Savarese, ICLR 2018) with a running minimum, in shards.

Each step takes the candidate that is farthest from its nearest centre. The labelled images are the
first centres, and every candidate taken becomes one. The distance of each candidate to its nearest
centre so far is kept, so that a new centre costs one distance per candidate; recomputing all of
them would cost one per candidate and centre.

Candidates may be divided into shards, each with its own running minimum. A step exchanges one
candidate per shard (a few, if they are tied) and one centre. Distances are computed pair by pair,
never as a matrix product, whose rounding depends on its shape, and ties go by image id, so the
picks are the same for any number of shards and any order of the candidates.

Axes in names: N candidates, K centres, D features.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from raysal.acquisition.needs import Metric
from raysal.acquisition.selection.magnitude import exponent_of, usual_rows
from raysal.config.seed import uniform
from raysal.errors import DataError

CENTRES_AT_ONCE = 16
# Batch size and number of threads change the order of summation, and so a feature by about 1e-7 of
# its size. Distances that differ by less than 2^-17 of the longest of the first centres are tied,
# so that duplicates in the pool are chosen by their id, not by rounding errors.
TIE_BITS = 17
# Candidates' features may be 2^60 times as large as those of the first centres, so that no square
# overflows.
MOST_BITS = 60


@dataclass(frozen=True)
class Farthest:
    """A candidate that a shard proposes to take.

    Attributes:
        distance: to its nearest centre; infinite if there is no centre.
        level: the distance in units of `tie_width`; from `draw`, a random number instead.
        index: its position among all candidates, by which it is removed.
    """

    distance: float
    level: float
    index: int
    image_id: str
    vector_D: np.ndarray


REMEDY = "lower optim.lr, or choose another acquisition.feature"
Found = Sequence[Farthest]
"""The proposals of one shard; empty if it has no candidates left."""


class Shards(Protocol):
    """All candidates, divided into shards, which may be on different machines."""

    def draw(self, seed: int, round_index: int) -> Sequence[Found]:
        """For each shard, the candidate with the highest random number."""

    def step(self, centres_KD: np.ndarray, taken: int | None) -> Sequence[Found]:
        """For each shard, the farthest candidate after adding centres and removing the candidate
        at index `taken`, preceded by those with lower ids that may tie with the farthest of
        all shards.

        Raises:
            DataError: its features are too large to be compared with those of the centres.
        """


def k_center_greedy(
    shards: Shards, centres_KD: np.ndarray, seed: int, round_index: int
) -> Iterator[Farthest]:
    """Yield all candidates in the order of choice, each with its distance at that moment.

    Args:
        centres_KD: features of the labelled images. If there are none, the first candidate is
            drawn at random, by numbers derived from (seed, round, image id).
    """
    taken = None
    if not len(centres_KD):
        drawn = [far for found in shards.draw(seed, round_index) for far in found]
        if not drawn:
            return
        best = min(drawn, key=lambda far: (-far.level, far.image_id))
        yield best
        taken, centres_KD = best.index, best.vector_D[None]
    while proposed := [far for found in shards.step(centres_KD, taken) for far in found]:
        top = max(far.level for far in proposed)
        best = min((far for far in proposed if far.level >= top - 1), key=lambda far: far.image_id)
        yield best
        taken, centres_KD = best.index, best.vector_D[None]


class Shard:
    """Some of the candidates, held in this process.

    Args:
        image_ids, vectors_ND: candidates and their float32 features.
        first: position of the first one among all candidates; the others follow it.

    Raises:
        DataError: a feature that is not a finite number.
    """

    def __init__(
        self, image_ids: Sequence[str], vectors_ND: np.ndarray, first: int, metric: Metric
    ) -> None:
        check_finite(image_ids, vectors_ND)
        self._ids, self._first, self._metric = image_ids, first, metric
        self._raw_ND = vectors_ND
        self._vectors_ND = _prepared(vectors_ND, metric)
        order_N = np.argsort(np.array(image_ids, object), kind="stable")
        self._place_N = torch.from_numpy(np.argsort(order_N))  # By ascending id.
        self._exponent = 0
        # Euclidean; for the cosine between unit vectors, whose cosine distance is half its square.
        self._nearest_N = torch.full((len(vectors_ND),), math.inf)
        self._width: float | None = None

    def draw(self, seed: int, round_index: int) -> Found:
        """See `Shards.draw`."""
        numbers = [uniform("first centre", seed, round_index, i) for i in self._ids]
        if not numbers:
            return []
        place = min(range(len(numbers)), key=lambda i: (-numbers[i], self._ids[i]))
        return [self._candidate(place, numbers[place])]

    def step(self, centres_KD: np.ndarray, taken: int | None) -> Found:
        """See `Shards.step`."""
        if not len(self._ids):
            return []
        if self._width is None:
            self._width = self._begin(centres_KD)
        centres = _prepared(centres_KD, self._metric, self._exponent)
        for some_KD in centres.split(CENTRES_AT_ONCE):
            distance_NK = torch.cdist(
                self._vectors_ND, some_KD, compute_mode="donot_use_mm_for_euclid_dist"
            )
            torch.minimum(self._nearest_N, distance_NK.amin(1), out=self._nearest_N)
        if taken is not None and self._first <= taken < self._first + len(self._ids):
            self._nearest_N[taken - self._first] = -math.inf
        level_N = self._nearest_N / self._width
        top = float(level_N.max())
        if top == -math.inf:
            return []
        tied_n = (level_N >= top - 1).nonzero().flatten()
        tied_n = tied_n[self._place_N[tied_n].argsort()]
        # A candidate can be chosen only if it is farther than all with lower ids.
        most_n = level_N[tied_n].cummax(0).values
        farther_n = torch.ones_like(tied_n, dtype=torch.bool)
        farther_n[1:] = most_n[1:] > most_n[:-1]
        return [
            self._candidate(place, float(level_N[place])) for place in tied_n[farther_n].tolist()
        ]

    def _begin(self, centres_KD: np.ndarray) -> float:
        """Scale the features by the first centres, the same ones for all shards; returns the width
        of ties."""
        if self._metric == "l2":
            self._exponent = exponent_of(centres_KD)
            if self._exponent:
                self._vectors_ND = _prepared(self._raw_ND, self._metric, self._exponent)
            large_N = self._vectors_ND.abs().amax(1) > 2.0**MOST_BITS
            if large_N.any():
                place = int(large_N.int().argmax())
                raise DataError(
                    f"the features of '{self._ids[place]}' are as large as "
                    f"{np.abs(self._raw_ND[place]).max():.0e}, too large to be compared with those "
                    f"of the labelled images, of at most {np.abs(centres_KD).max():.0e}; {REMEDY}"
                )
        return tie_width(_prepared(centres_KD, self._metric, self._exponent))

    def _candidate(self, place: int, level: float) -> Farthest:
        near = math.ldexp(float(self._nearest_N[place]), self._exponent)
        distance = near * near / 2 if self._metric == "cosine" else near
        index = self._first + place
        return Farthest(distance, level, index, self._ids[place], self._raw_ND[place])


class LocalShards:
    """Shards in this process, handled one after the other."""

    def __init__(self, shards: Sequence[Shard]) -> None:
        self._shards = shards

    def draw(self, seed: int, round_index: int) -> list[Found]:
        """See `Shards.draw`."""
        return [shard.draw(seed, round_index) for shard in self._shards]

    def step(self, centres_KD: np.ndarray, taken: int | None) -> list[Found]:
        """See `Shards.step`."""
        return [shard.step(centres_KD, taken) for shard in self._shards]


def check_finite(image_ids: Sequence[str], vectors_ND: np.ndarray, remedy: str = REMEDY) -> None:
    """Check that no feature is NaN or infinite.

    Args:
        remedy: what the user can do about it.

    Raises:
        DataError: one is; the message names its image.
    """
    broken_N = ~np.isfinite(vectors_ND).all(1)
    if broken_N.any():
        raise DataError(
            f"the features of '{image_ids[int(broken_N.argmax())]}' are not finite numbers; "
            f"{remedy}"
        )


def _prepared(vectors_ND: np.ndarray, metric: Metric, exponent: int = 0) -> Tensor:
    """(N, D) float32, times 2^-exponent; for the cosine scaled to unit length, except that zero
    vectors stay zero."""
    if metric == "cosine":
        vectors_ND = usual_rows(vectors_ND)
    elif exponent:
        vectors_ND = np.ldexp(vectors_ND, -exponent)
    # Arrays that come through Ray are read-only, which torch warns about.
    vectors = torch.from_numpy(np.require(vectors_ND, np.float32, ["C", "W"]))
    return torch.nn.functional.normalize(vectors, dim=1) if metric == "cosine" else vectors


def tie_width(centres_KD: Tensor) -> float:
    """The difference below which distances are tied; a power of two, so that division is exact."""
    length = float(centres_KD.norm(dim=1).max()) or 1.0
    return float(2.0 ** (math.floor(math.log2(length)) - TIE_BITS))
