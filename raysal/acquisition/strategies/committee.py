"""Strategies that read how much stochastic passes disagree: dropout as a committee."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import PositiveInt
from torch import Tensor

from raysal.acquisition.base import Need, PoolBatch, StochasticPasses, Vote
from raysal.acquisition.strategies.uncertainty import MapStrategy

VOTES: dict[str, Vote] = {
    "mean_entropy": "soft", "variation_ratio": "variation", "vote_entropy": "hard"
}  # fmt: skip


class _Committee(MapStrategy):
    reads: ClassVar[frozenset[Need]] = frozenset({"votes"})
    count: PositiveInt = 20
    """m, stochastic forward passes."""

    def score_map(self, batch: PoolBatch) -> Tensor:
        """In the unit of the measure."""
        assert batch.votes_BHW is not None
        return batch.votes_BHW


class MCDropout(_Committee):
    """Query by a committee of dropout passes (Gal et al., ICML 2017), most disagreement first."""

    source: ClassVar[str] = "Gal et al. 2017; Seung et al. 1992 (QBC)"
    name: Literal["mc_dropout"] = "mc_dropout"
    measure: Literal["mean_entropy", "variation_ratio", "vote_entropy"] = "mean_entropy"
    """Entropy of the mean probabilities (CPRAL's baseline), share of the passes that do not vote
    as most do, or entropy of the votes (QBC)."""

    @property
    def title(self) -> str:
        """With the measure where it is not the usual one."""
        if self.measure == "mean_entropy":
            return "MC dropout"
        return f"QBC ({self.measure.replace('_', ' ')})"

    @property
    def passes(self) -> StochasticPasses:
        """What `measure` takes."""
        return StochasticPasses(self.count, VOTES[self.measure])


class BALD(_Committee):
    """Mutual information of prediction and weights, over dropout passes (Gal et al., ICML 2017).

    Entropy of the mean less mean of the entropies: noise that all passes agree on does not count.
    """

    source: ClassVar[str] = "Houlsby et al. 2011"
    name: Literal["bald"] = "bald"

    @property
    def title(self) -> str:
        """An acronym."""
        return "BALD"

    @property
    def passes(self) -> StochasticPasses:
        """Probabilities, not votes."""
        return StochasticPasses(self.count, "bald")
