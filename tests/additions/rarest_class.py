"""An example of a strategy: images with most of the last class first."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from raysal.acquisition.base import Strategy
from raysal.acquisition.batch import PoolBatch
from raysal.acquisition.needs import Needs

if TYPE_CHECKING:
    from torch import Tensor


class RarestClass(Strategy):
    """Mean probability of the last class, highest first."""

    source: ClassVar[str] = "an example"
    name: Literal["rarest_class"] = "rarest_class"

    @property
    def needs(self) -> Needs:
        """Class probabilities."""
        return Needs(probabilities=True)

    def score(self, batch: PoolBatch) -> Tensor:
        """(B,) in [0, 1]."""
        return batch.probabilities()[:, -1].mean((1, 2))
