"""Core-set: k-center greedy (Sener & Savarese, ICLR 2018) with a running minimum, in shards.

Again and again the candidate is taken that is farthest from its nearest centre, the labelled
images being the first centres. What is kept is each candidate's distance to its nearest centre so
far: a new centre costs one distance per candidate, where computing all anew costs one per
candidate and centre.

Candidates may lie in several shards, each with its own running minimum. A step exchanges one
candidate per shard and one centre. Distances are computed row by row, never as a matrix product,
whose rounding depends on its shape: so the picks are the same for any number of shards.

Axes in names: N candidates, K centres, D features.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
import torch

from raysal.config.seed import uniform
from raysal.errors import DataError

Metric = Literal["l2", "cosine"]
# Rows whose distances fit in a core's cache together.
ROWS_AT_ONCE = 512
TAKEN = -1.0


@dataclass(frozen=True)
class Farthest:
    """A candidate.

    Attributes:
        distance: to its nearest centre; infinite where there is no centre.
        index: its place among all candidates.
    """

    distance: float
    index: int
    image_id: str
    vector_D: np.ndarray

    @property
    def rank(self) -> tuple[float, int]:
        """Sort key: the farthest first, ties by place."""
        return -self.distance, self.index


class Shards(Protocol):
    """All candidates, in pieces that may lie on many machines."""

    def step(self, centres_KD: np.ndarray, taken: int | None) -> Sequence[Farthest | None]:
        """Each shard's farthest candidate, once it knows new centres and which one is taken."""

    def find(self, index: int) -> Farthest:
        """A candidate by its place."""


def k_center_greedy(
    shards: Shards, centres_KD: np.ndarray, first: int | None = None
) -> Iterator[Farthest]:
    """Candidates in the order in which they are chosen, with their distance then.

    Args:
        centres_KD: features of the labelled images.
        first: candidate to begin with where no image is labelled.
    """
    taken = None
    if not len(centres_KD):
        assert first is not None, "without a centre, something must be the first"
        begin = shards.find(first)
        taken, centres_KD = first, begin.vector_D[None]
        yield begin
    while found := [far for far in shards.step(centres_KD, taken) if far is not None]:
        best = min(found, key=lambda far: far.rank)
        yield best
        taken, centres_KD = best.index, best.vector_D[None]


class Shard:
    """Some of the candidates, in this process.

    Args:
        image_ids, vectors_ND: candidates and their float32 features.
        first: place of the first among all candidates; the others follow it.

    Raises:
        DataError: a feature that is not a finite number.
    """

    def __init__(
        self, image_ids: Sequence[str], vectors_ND: np.ndarray, first: int, metric: Metric
    ) -> None:
        broken_N = ~np.isfinite(vectors_ND).all(1)
        if broken_N.any():
            raise DataError(
                f"the features of '{image_ids[int(broken_N.argmax())]}' are not finite numbers; "
                "lower optim.lr, or choose another acquisition.feature"
            )
        self.metric, self.first = metric, first
        self._ids = image_ids
        self._raw_ND = vectors_ND
        self._vectors_ND = _prepared(vectors_ND, metric)
        self._nearest_N = torch.full((len(vectors_ND),), math.inf)

    def __contains__(self, index: int) -> bool:
        return self.first <= index < self.first + len(self._ids)

    def find(self, index: int) -> Farthest:
        """A candidate that it holds."""
        place = index - self.first
        distance = float(self._nearest_N[place])
        return Farthest(distance, index, self._ids[place], self._raw_ND[place])

    def step(self, centres_KD: np.ndarray, taken: int | None) -> Farthest | None:
        """See `Shards.step`; None if all it holds is taken."""
        self._cover(_prepared(centres_KD, self.metric))
        if taken is not None and taken in self:
            self._nearest_N[taken - self.first] = TAKEN
        if not len(self._nearest_N) or (far := self._nearest_N.max()) == TAKEN:
            return None
        # The first of equals, which argmax does not promise.
        return self.find(self.first + int((self._nearest_N == far).nonzero()[0]))

    def _cover(self, centres_KD: torch.Tensor) -> None:
        """Shorten the distances; what is taken stays nearer than anything."""
        for start in range(0, len(self._vectors_ND), ROWS_AT_ONCE):
            rows = slice(start, start + ROWS_AT_ONCE)
            some_ND, nearest_N = self._vectors_ND[rows], self._nearest_N[rows]
            for centre_D in centres_KD:
                # Cosine distance of unit vectors is half their squared distance.
                distance_N = (some_ND - centre_D).square_().sum(1)
                torch.minimum(nearest_N, _distance(distance_N, self.metric), out=nearest_N)


def _distance(square_N: torch.Tensor, metric: Metric) -> torch.Tensor:
    return square_N.mul_(0.5) if metric == "cosine" else square_N.sqrt_()


def _prepared(vectors_ND: np.ndarray, metric: Metric) -> torch.Tensor:
    """Ready to be subtracted; for cosine of unit length, a vector of zeros staying what it is."""
    vectors = torch.from_numpy(np.ascontiguousarray(vectors_ND, np.float32))
    return torch.nn.functional.normalize(vectors, dim=1) if metric == "cosine" else vectors


class HereShards:
    """Shards of this process, one after the other."""

    def __init__(self, shards: Sequence[Shard]) -> None:
        self._shards = shards

    def step(self, centres_KD: np.ndarray, taken: int | None) -> list[Farthest | None]:
        """See `Shards.step`."""
        return [shard.step(centres_KD, taken) for shard in self._shards]

    def find(self, index: int) -> Farthest:
        """See `Shards.find`."""
        return next(shard.find(index) for shard in self._shards if index in shard)


def first_of_all(image_ids: Sequence[str], seed: int, round_index: int) -> int:
    """Place of the image to begin with where none is labelled: the lowest lot."""
    lots = [uniform("first centre", seed, round_index, i) for i in image_ids]
    return int(np.argmin(lots))
