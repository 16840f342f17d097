"""Predicted loss: images are chosen by the output of a rating head."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from raysal.acquisition.base import Strategy
from raysal.acquisition.batch import PoolBatch
from raysal.acquisition.needs import Needs, Rating

if TYPE_CHECKING:
    from torch import Tensor


class _PredictedLoss(Strategy):
    head: ClassVar[Rating]
    order: Literal["desc", "asc", "mismatch"] = "desc"
    """Highest predicted loss first (`desc`), lowest first (`asc`), or farthest from the mean rating
    of the labelled images first (`mismatch`). CPRAL's text mentions "reverse order" and
    matching."""

    @property
    def needs(self) -> Needs:
        """The rating head."""
        return Needs(rating=self.head)

    @property
    def signed(self) -> bool:
        """Ratings may be negative; distances from their mean (`mismatch`) may not."""
        return self.order != "mismatch"

    @property
    def title(self) -> str:
        """The name, with the order if it is not the default."""
        return super().title if self.order == "desc" else f"{super().title} ({self.order})"

    def score(self, batch: PoolBatch) -> Tensor:
        """(B,) ratings, in the head's own unit."""
        rating_B = batch.rating()
        if self.order == "desc":
            return rating_B
        if self.order == "asc":
            return -rating_B
        return (rating_B - batch.labelled_rating()).abs()


class Panoptic(_PredictedLoss):
    """CPRAL's panoptic rating: a loss-prediction head on six encoder stages (section 3.1)."""

    head: ClassVar[Rating] = Rating("six")
    source: ClassVar[str] = "CPRAL, section 3.1"
    name: Literal["panoptic"] = "panoptic"


class LossPrediction(_PredictedLoss):
    """Learning loss (Yoo & Kweon, CVPR 2019): a head on four encoder stages."""

    head: ClassVar[Rating] = Rating("four")
    source: ClassVar[str] = "Yoo & Kweon 2019"
    name: Literal["loss_prediction"] = "loss_prediction"
