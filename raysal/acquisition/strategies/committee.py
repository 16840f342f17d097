"""Strategies that read how much dropout passes disagree: dropout as a committee."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field, PositiveInt

from raysal.acquisition.batch import PoolBatch
from raysal.acquisition.map_strategy import MapStrategy
from raysal.acquisition.needs import DropoutPasses, Needs
from raysal.inference.vote import Vote

if TYPE_CHECKING:
    from torch import Tensor

VOTES: dict[str, Vote] = {
    "mean_entropy": "soft",
    "variation_ratio": "variation",
    "vote_entropy": "hard",
}


class _Committee(MapStrategy):
    count: PositiveInt = Field(default=20, le=10_000)
    """m, dropout passes per image."""

    def score_map(self, batch: PoolBatch) -> Tensor:
        """(B, H, W) in the unit of the measure."""
        return batch.votes()


class MCDropout(_Committee):
    """Query by a committee of dropout passes (Gal et al., ICML 2017), most disagreement first."""

    source: ClassVar[str] = "Gal et al. 2017; Seung et al. 1992 (QBC)"
    name: Literal["mc_dropout"] = "mc_dropout"
    measure: Literal["mean_entropy", "variation_ratio", "vote_entropy"] = "mean_entropy"
    """Entropy of the mean probabilities (CPRAL's baseline), share of the passes that do not vote
    as most do, or entropy of the votes (QBC)."""

    @property
    def map_needs(self) -> Needs:
        """Passes, by `measure`."""
        return Needs(votes=DropoutPasses(self.count, VOTES[self.measure]))

    @property
    def title(self) -> str:
        """With the measure where it is not the default."""
        if self.measure == "mean_entropy":
            return "MC dropout"
        return f"QBC ({self.measure.replace('_', ' ')})"


class BALD(_Committee):
    """Mutual information of prediction and weights, over dropout passes (Gal et al., ICML 2017).

    Entropy of the mean minus mean of the entropies: noise that all passes agree on does not count.
    """

    source: ClassVar[str] = "Houlsby et al. 2011"
    name: Literal["bald"] = "bald"

    @property
    def map_needs(self) -> Needs:
        """Passes, by mutual information."""
        return Needs(votes=DropoutPasses(self.count, "bald"))

    @property
    def title(self) -> str:
        """Bayesian active learning by disagreement."""
        return "BALD"
