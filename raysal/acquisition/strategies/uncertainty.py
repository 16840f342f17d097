"""Uncertainty of class probabilities: maps, and the strategies that average them."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor

from raysal.acquisition.base import Need, PoolBatch, Strategy


def entropy_map(probs_BCHW: Tensor) -> Tensor:
    """(B, H, W) -Σ_c p ln p, in nats."""
    # A vectorised log and a clamp take a third of the time of torch.special.entr on CPUs.
    smallest = torch.finfo(probs_BCHW.dtype).tiny
    return -probs_BCHW.clamp(min=smallest).log_().mul_(probs_BCHW).sum(1)


def least_confidence_map(probs_BCHW: Tensor) -> Tensor:
    """(B, H, W) 1 - max_c p."""
    return 1 - probs_BCHW.amax(1)


def margin_map(probs_BCHW: Tensor) -> Tensor:
    """(B, H, W) 1 - (largest p - second largest p)."""
    # Two maxima, the second without the winner, are faster than sorting out the top two.
    first_B1HW, winner_B1HW = probs_BCHW.max(1, keepdim=True)
    second_BHW = probs_BCHW.scatter(1, winner_B1HW, -1.0).amax(1)
    return 1 - (first_B1HW.squeeze(1) - second_BHW)


class MapStrategy(Strategy):
    """A strategy whose score is the mean of a map."""

    balance: float = Field(default=0.0, ge=0)
    """Class-balanced mean: a pixel weighs the share of the image's pixels that are of its
    predicted class to the power of minus this. 0: all alike; 1: every class that is seen has the
    same say, so that thin things are heard beside roads and skies (after Cai et al., CVPR 2021,
    whose frequencies are the pool's; an image's own keep its score apart from other images)."""

    @property
    def needs(self) -> frozenset[Need]:
        """With `balance`, class probabilities too."""
        return self.reads | {"probabilities"} if self.balance > 0 else self.reads

    @property
    def label(self) -> str:
        """`balanced`, with the power where it is not 1."""
        if self.balance == 0:
            return super().label
        power = "" if self.balance == 1 else f" {self.balance:g}"
        return f"{super().label} (balanced{power})"

    @abstractmethod
    def score_map(self, batch: PoolBatch) -> Tensor:
        """(B, H, W), the higher the sooner labelled."""

    def score(self, batch: PoolBatch) -> Tensor:
        """(B,) mean of the map over pixels, in the map's unit."""
        map_BK = self.score_map(batch).flatten(1)
        if self.balance == 0:
            return map_BK.mean(1)
        assert batch.prediction is not None
        weight_BK = class_weights(batch.prediction.probabilities_BCHW, self.balance)
        return (map_BK * weight_BK).sum(1) / weight_BK.sum(1)


def class_weights(probs_BCHW: Tensor, power: float) -> Tensor:
    """(B, K) f^-power of each of K pixels, f the share of the image's pixels that are predicted
    to be of its class; in units of the rarest class's, so that no power is too large."""
    classes = probs_BCHW.shape[1]
    winner_BK = probs_BCHW.argmax(1).flatten(1)
    counts_BC = torch.zeros(len(winner_BK), classes, device=winner_BK.device)
    counts_BC.scatter_add_(1, winner_BK, torch.ones_like(winner_BK, dtype=counts_BC.dtype))
    counts_BK = counts_BC.gather(1, winner_BK)
    return (counts_BK.amin(1, keepdim=True) / counts_BK) ** power


class Entropy(MapStrategy):
    """Mean pixel entropy, highest first."""

    reads: ClassVar[frozenset[Need]] = frozenset({"probabilities"})
    source: ClassVar[str] = "Shannon 1948; Settles 2009"
    name: Literal["entropy"] = "entropy"

    def score_map(self, batch: PoolBatch) -> Tensor:
        """Nats."""
        assert batch.prediction is not None
        return entropy_map(batch.prediction.probabilities_BCHW)


class Confidence(MapStrategy):
    """Mean probability of the likeliest class, lowest first; the score is 1 minus it."""

    reads: ClassVar[frozenset[Need]] = frozenset({"probabilities"})
    source: ClassVar[str] = "Lewis & Gale 1994"
    name: Literal["confidence"] = "confidence"

    def score_map(self, batch: PoolBatch) -> Tensor:
        """In [0, 1]."""
        assert batch.prediction is not None
        return least_confidence_map(batch.prediction.probabilities_BCHW)


class Margin(MapStrategy):
    """Mean distance of the two likeliest classes, lowest first; the score is 1 minus it."""

    reads: ClassVar[frozenset[Need]] = frozenset({"probabilities"})
    source: ClassVar[str] = "Scheffer et al. 2001"
    name: Literal["margin"] = "margin"

    def score_map(self, batch: PoolBatch) -> Tensor:
        """In [0, 1]."""
        assert batch.prediction is not None
        return margin_map(batch.prediction.probabilities_BCHW)
