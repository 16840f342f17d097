"""Strategies whose score is the mean of a map over the image."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import replace
from typing import TYPE_CHECKING

from pydantic import Field

from raysal.acquisition.base import Strategy
from raysal.acquisition.batch import PoolBatch
from raysal.acquisition.needs import Needs

if TYPE_CHECKING:
    from torch import Tensor


class MapStrategy(Strategy):
    """A strategy whose score is the mean of a map."""

    balance: float = Field(default=0.0, ge=0)
    """Exponent of the class-balanced mean: a pixel has the weight f^-balance, where f is the share
    of the image's pixels that are predicted to be of its class. With 0, all pixels have the same
    weight; with 1, all classes in the image do, so that thin objects count as much as road and
    sky. After Cai et al. (CVPR 2021), who take f from the whole pool; here f is the image's own,
    so that its score does not depend on other images."""

    @property
    @abstractmethod
    def map_needs(self) -> Needs:
        """What the map is computed from."""

    @abstractmethod
    def score_map(self, batch: PoolBatch) -> Tensor:
        """(B, H, W) map; images with the highest mean are labelled first."""

    @property
    def needs(self) -> Needs:
        """`map_needs`, and class probabilities for `balance`."""
        return replace(self.map_needs, probabilities=True) if self.balance else self.map_needs

    @property
    def label(self) -> str:
        """The name, with `balanced` and the exponent if that is not 1."""
        if self.balance == 0:
            return super().label
        power = "" if self.balance == 1 else f" {self.balance:g}"
        return f"{super().label} (balanced{power})"

    def score(self, batch: PoolBatch) -> Tensor:
        """(B,) mean of the map over pixels, in the map's unit; weighted if `balance` is set."""
        map_BHW = self.score_map(batch)
        if self.balance == 0:
            return map_BHW.flatten(1).mean(1)
        from raysal.acquisition import maps

        return maps.balanced_mean(map_BHW, batch.probabilities(), self.balance)
