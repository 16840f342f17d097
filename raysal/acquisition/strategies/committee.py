"""Strategies that score the disagreement of a committee of dropout passes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field, PositiveInt

from raysal.acquisition.batch import PoolBatch
from raysal.acquisition.map_strategy import MapStrategy
from raysal.acquisition.needs import DropoutPasses, Needs
from raysal.config.marks import added_later
from raysal.inference.vote import Dropped, Vote

if TYPE_CHECKING:
    from torch import Tensor

VOTES: dict[str, Vote] = {
    "mean_entropy": "soft",
    "variation_ratio": "variation",
    "vote_entropy": "hard",
}


class _Committee(MapStrategy):
    count: PositiveInt = Field(default=20, le=10_000)
    """m, the number of dropout passes per image."""
    dropout: Annotated[Dropped, added_later("channels")] = "channels"
    """What the passes drop: channels of the stages that the decoder reads, which needs
    `model.channel_dropout` in training, too (CPRAL, after ViewAL); or what the dropout layers drop
    that the `network` has anyway (DEAL; in DeepLabv3+ single elements, after the ASPP and twice in
    the decoder), which leaves training as it is."""

    def score_map(self, batch: PoolBatch) -> Tensor:
        """(B, H, W) disagreement in the unit of the measure."""
        return batch.votes()


class MCDropout(_Committee):
    """Query by committee, with dropout passes as the committee (Gal et al., ICML 2017)."""

    source: ClassVar[str] = "Gal et al. 2017; Seung et al. 1992 (QBC)"
    name: Literal["mc_dropout"] = "mc_dropout"
    measure: Literal["mean_entropy", "variation_ratio", "vote_entropy"] = "mean_entropy"
    """Entropy of the mean probabilities (CPRAL's baseline), share of the passes that do not vote
    for the most frequent class, or entropy of the votes (QBC)."""

    @property
    def map_needs(self) -> Needs:
        """Dropout passes, compared by `measure`."""
        return Needs(votes=DropoutPasses(self.count, VOTES[self.measure], self.dropout))

    @property
    def title(self) -> str:
        """`MC dropout`, or `QBC` with the measure and the dropout that are not the default."""
        if self.measure == "mean_entropy" and self.dropout == "channels":
            return "MC dropout"
        dropout = "" if self.dropout == "channels" else ", network"
        return f"QBC ({self.measure.replace('_', ' ')}{dropout})"


class BALD(_Committee):
    """Mutual information of prediction and weights, over dropout passes (Gal et al., ICML 2017).

    The entropy of the mean prediction minus the mean entropy of the predictions: high where passes
    disagree, low where they all are uncertain in the same way.
    """

    source: ClassVar[str] = "Houlsby et al. 2011"
    name: Literal["bald"] = "bald"

    @property
    def map_needs(self) -> Needs:
        """Dropout passes, compared by mutual information."""
        return Needs(votes=DropoutPasses(self.count, "bald", self.dropout))

    @property
    def title(self) -> str:
        """Bayesian active learning by disagreement, with the dropout if it is not the default."""
        return "BALD" if self.dropout == "channels" else "BALD (network)"
