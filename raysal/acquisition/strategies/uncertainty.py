"""Strategies that average the uncertainty of class probabilities."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from raysal.acquisition.batch import PoolBatch
from raysal.acquisition.map_strategy import MapStrategy
from raysal.acquisition.needs import Needs

if TYPE_CHECKING:
    from torch import Tensor


class _Uncertainty(MapStrategy):
    @property
    def map_needs(self) -> Needs:
        """Class probabilities."""
        return Needs(probabilities=True)


class Entropy(_Uncertainty):
    """Mean pixel entropy, highest first."""

    source: ClassVar[str] = "Shannon 1948; Settles 2009"
    name: Literal["entropy"] = "entropy"

    def score_map(self, batch: PoolBatch) -> Tensor:
        """(B, H, W) nats."""
        from raysal.acquisition import maps

        return maps.entropy_map(batch.probabilities())


class Confidence(_Uncertainty):
    """Mean probability of the most likely class, lowest first; the score is 1 minus this mean."""

    source: ClassVar[str] = "Lewis & Gale 1994"
    name: Literal["confidence"] = "confidence"

    def score_map(self, batch: PoolBatch) -> Tensor:
        """(B, H, W) in [0, 1]."""
        from raysal.acquisition import maps

        return maps.least_confidence_map(batch.probabilities())


class Margin(_Uncertainty):
    """Mean difference of the two highest probabilities, lowest first; the score is 1 minus it."""

    source: ClassVar[str] = "Scheffer et al. 2001"
    name: Literal["margin"] = "margin"

    def score_map(self, batch: PoolBatch) -> Tensor:
        """(B, H, W) in [0, 1]."""
        from raysal.acquisition import maps

        return maps.margin_map(batch.probabilities())
