"""DEAL's two strategies: difficulty score (DS) and difficulty entropy (DE)."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field, PositiveInt

from raysal.acquisition.base import Strategy
from raysal.acquisition.batch import PoolBatch
from raysal.acquisition.map_strategy import MapStrategy
from raysal.acquisition.needs import Needs

if TYPE_CHECKING:
    from torch import Tensor


class DifficultyScore(MapStrategy):
    """DS (DEAL, Eq. 6): mean over pixels of uncertainty times difficulty."""

    source: ClassVar[str] = "DEAL, Eq. 6"
    name: Literal["ds"] = "ds"
    uncertainty: Literal["entropy", "least_confidence", "margin", "none"] = "entropy"
    """The uncertainty map M^c; `none` is 1 everywhere, the default of the released code."""

    @property
    def map_needs(self) -> Needs:
        """Both branches of the network."""
        return Needs(probabilities=True, difficulty=True)

    @property
    def title(self) -> str:
        """`DS`, with the uncertainty map if it is not the paper's."""
        return "DS" if self.uncertainty == "entropy" else f"DS ({self.uncertainty})"

    def score_map(self, batch: PoolBatch) -> Tensor:
        """(B, H, W) in the uncertainty's unit."""
        from raysal.acquisition import maps

        return maps.UNCERTAINTY[self.uncertainty](batch.probabilities()) * batch.difficulty()


class DifficultyEntropy(Strategy):
    """DE (DEAL, Eq. 7): entropy of an image's distribution of pixels over L difficulty levels."""

    source: ClassVar[str] = "DEAL, Eq. 7"
    name: Literal["de"] = "de"
    levels: PositiveInt = Field(default=8, le=65_536)
    """L: 8 on CamVid, 10 on Cityscapes (DEAL, section 4.1)."""
    bins: Literal["unit", "image_range"] = "unit"
    """L equal parts of [0, 1] (`unit`), or of the image's own range as in the released code."""

    @property
    def needs(self) -> Needs:
        """Difficulty, and class probabilities, which the same pass gives."""
        return Needs(probabilities=True, difficulty=True)

    @property
    def title(self) -> str:
        """`DE`, with the bins if they are not the paper's."""
        return "DE" if self.bins == "unit" else f"DE ({self.bins})"

    def score(self, batch: PoolBatch) -> Tensor:
        """(B,) nats, in [0, ln L]."""
        from raysal.acquisition import maps

        return maps.level_entropy(batch.difficulty(), self.levels, self.bins)
