"""DEAL's two strategies: difficulty score (DS) and difficulty entropy (DE)."""

from __future__ import annotations

from typing import ClassVar, Literal

import torch
from pydantic import PositiveInt
from torch import Tensor

from raysal.acquisition.base import Need, PoolBatch, Strategy
from raysal.acquisition.strategies.uncertainty import (
    MapStrategy,
    entropy_map,
    least_confidence_map,
    margin_map,
)

UNCERTAINTY = {
    "entropy": entropy_map,
    "least_confidence": least_confidence_map,
    "margin": margin_map,
    "none": lambda probs_BCHW: torch.ones_like(probs_BCHW[:, 0]),
}


class DifficultyScore(MapStrategy):
    """DS (DEAL, Eq. 6): mean over pixels of uncertainty times difficulty."""

    reads: ClassVar[frozenset[Need]] = frozenset({"probabilities", "difficulty"})
    source: ClassVar[str] = "DEAL, Eq. 6"
    name: Literal["ds"] = "ds"
    uncertainty: Literal["entropy", "least_confidence", "margin", "none"] = "entropy"
    """The map M^c; `none` is 1 everywhere, the released code's default."""

    @property
    def title(self) -> str:
        """`DS`, with the map where it is not the paper's."""
        return "DS" if self.uncertainty == "entropy" else f"DS ({self.uncertainty})"

    def score_map(self, batch: PoolBatch) -> Tensor:
        """In the uncertainty's unit."""
        assert batch.prediction is not None
        assert batch.prediction.difficulty_BHW is not None
        uncertainty_BHW = UNCERTAINTY[self.uncertainty](batch.prediction.probabilities_BCHW)
        return uncertainty_BHW * batch.prediction.difficulty_BHW


def level_counts(difficulty_BK: Tensor, levels: int, bins: str) -> Tensor:
    """(B, L) int64 number of pixels on each difficulty level.

    Args:
        difficulty_BK: difficulty of K pixels, in [0, 1].
        bins: `unit`: L equal parts of [0, 1], lower edge inside, 1.0 in the last;
            `image_range`: L equal parts of the image's own [min, max].
    """
    B, _ = difficulty_BK.shape
    if bins == "unit":
        level_BK = (difficulty_BK * levels).long().clamp_(max=levels - 1)
    else:
        low_B1, high_B1 = difficulty_BK.amin(1, keepdim=True), difficulty_BK.amax(1, keepdim=True)
        inner = torch.arange(1, levels, device=difficulty_BK.device) / levels
        edges_BE = low_B1 + (high_B1 - low_B1) * inner
        level_BK = torch.searchsorted(edges_BE, difficulty_BK.contiguous(), right=True)
    offset_B1 = torch.arange(B, device=difficulty_BK.device).unsqueeze(1) * levels
    return torch.bincount((level_BK + offset_B1).flatten(), minlength=B * levels).view(B, levels)


class DifficultyEntropy(Strategy):
    """DE (DEAL, Eq. 7): entropy of the shares of an image's pixels on L difficulty levels."""

    reads: ClassVar[frozenset[Need]] = frozenset({"probabilities", "difficulty"})
    source: ClassVar[str] = "DEAL, Eq. 7"
    name: Literal["de"] = "de"
    levels: PositiveInt = 8
    """L: 8 on CamVid, 10 on Cityscapes (DEAL, section 4.1)."""
    bins: Literal["unit", "image_range"] = "unit"
    """Equal parts of [0, 1], or of the image's own range as in the released code."""

    @property
    def title(self) -> str:
        """`DE`, with the bins where they are not the paper's."""
        return "DE" if self.bins == "unit" else f"DE ({self.bins})"

    def score(self, batch: PoolBatch) -> Tensor:
        """(B,) nats, in [0, ln L]; 0 for a constant map, one level or one pixel."""
        assert batch.prediction is not None
        assert batch.prediction.difficulty_BHW is not None
        difficulty_BK = batch.prediction.difficulty_BHW.flatten(1)
        finite_B = difficulty_BK.isfinite().all(1)
        # A level must exist for every pixel; the score of such an image is not a number anyway.
        counts_BL = level_counts(difficulty_BK.nan_to_num(0.0), self.levels, self.bins).double()
        entropy_B = torch.special.entr(counts_BL / counts_BL.sum(1, keepdim=True)).sum(1)
        return entropy_B.where(finite_B, torch.nan)
