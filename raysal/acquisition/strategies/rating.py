"""Predicted loss: images are chosen by what a rating head says of them."""

from __future__ import annotations

from typing import ClassVar, Literal

from torch import Tensor

from raysal.acquisition.base import Need, PoolBatch, Strategy


class _Rating(Strategy):
    reads: ClassVar[frozenset[Need]] = frozenset({"rating"})
    called: ClassVar[str]
    order: Literal["desc", "asc", "mismatch"] = "desc"
    """Highest predicted loss first, lowest first, or farthest first from the mean rating of the
    labelled images (CPRAL's text speaks of "reverse order" and of matching)."""

    @property
    def signed(self) -> bool:
        """A distance from the mean is not."""
        return self.order != "mismatch"

    @property
    def title(self) -> str:
        """As the papers write it, with the order where it is another."""
        return self.called if self.order == "desc" else f"{self.called} ({self.order})"

    def score(self, batch: PoolBatch) -> Tensor:
        """(B,) ratings, in the head's own unit."""
        assert batch.prediction is not None
        rating_B = batch.prediction.rating_B
        assert rating_B is not None
        if self.order == "desc":
            return rating_B
        if self.order == "asc":
            return -rating_B
        assert batch.prediction.labelled_rating is not None
        return (rating_B - batch.prediction.labelled_rating).abs()


class Panoptic(_Rating):
    """CPRAL's panoptic rating: a loss-prediction head on six encoder stages (section 3.1)."""

    rating_stages: ClassVar[Literal["none", "four", "six"]] = "six"
    called: ClassVar[str] = "Panoptic"
    source: ClassVar[str] = "CPRAL, section 3.1"
    name: Literal["panoptic"] = "panoptic"


class LossPrediction(_Rating):
    """Learning loss (Yoo & Kweon, CVPR 2019): a head on four encoder stages."""

    rating_stages: ClassVar[Literal["none", "four", "six"]] = "four"
    called: ClassVar[str] = "Loss prediction"
    source: ClassVar[str] = "Yoo & Kweon 2019"
    name: Literal["loss_prediction"] = "loss_prediction"
