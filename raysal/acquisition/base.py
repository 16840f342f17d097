"""The base class of all strategies."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar

from pydantic import model_validator

from raysal.acquisition.batch import PoolBatch
from raysal.acquisition.needs import Needs
from raysal.acquisition.stochastic import Stochastic
from raysal.config.settings import Frozen
from raysal.inference.resolution import on_a_grid

if TYPE_CHECKING:
    from torch import Tensor


class Strategy(Frozen, ABC):
    """An acquisition function: an object holds its validated settings, and calling it gives scores.

    To add one, write a subclass in a file of its own with `name`, `source`, `needs` and `score`,
    and add it to `raysal.acquisition.registry`: the loop, the engines, the commands and the tests
    find it there.
    """

    source: ClassVar[str]
    """The publication that proposed it, as shown in tables."""
    name: str
    stochastic: Stochastic | None = None
    """Noise on the score, so that the chosen images are not all alike; null for none."""

    @property
    @abstractmethod
    def needs(self) -> Needs:
        """What the strategy reads; if that is nothing, scoring decodes no images."""

    @abstractmethod
    def score(self, batch: PoolBatch) -> Tensor:
        """(B,) scores, a pure function of the batch; the highest are labelled first."""

    @property
    def title(self) -> str:
        """Its name in figures and tables, without `stochastic`."""
        return self.name.replace("_", " ").capitalize()

    @property
    def label(self) -> str:
        """Its name in figures and tables, including `stochastic`."""
        return self.title if self.stochastic is None else f"{self.stochastic.prefix} {self.title}"

    @property
    def signed(self) -> bool:
        """Whether scores may be negative."""
        return False

    @property
    def draws_lots(self) -> bool:
        """Whether its scores depend on the seed."""
        return self.stochastic is not None or self.needs.votes is not None

    @model_validator(mode="after")
    def _power_needs_positive_scores(self) -> Strategy:
        if self.signed and self.stochastic is not None and self.stochastic.kind == "power":
            raise ValueError(
                f"stochastic.kind=power takes the logarithm of a score, and {self.name}'s may be "
                "negative; set stochastic.kind=softmax"
            )
        return self

    @model_validator(mode="after")
    def _noise_needs_scores(self) -> Strategy:
        if self.needs.features is not None and self.stochastic is not None:
            raise ValueError(
                f"stochastic adds noise to scores, but {self.name} has none: it chooses images "
                "jointly by their features; leave stochastic out"
            )
        return self

    def __call__(self, batch: PoolBatch) -> Tensor:
        """(B,) scores, on a grid if they may be negative, with noise if `stochastic` is set.

        Raises:
            StrategyError: it reads something that `needs` does not declare or the batch lacks.
        """
        return self.finish(self.plain(batch), batch.image_ids, batch.seed, batch.round_index)

    def plain(self, batch: PoolBatch) -> Tensor:
        """(B,) scores as `score` gives them, which reads only what is declared."""
        scores_B = self.score(batch.read_by(self.name, self.needs.names))
        assert scores_B.shape == (len(batch.image_ids),), (self.name, scores_B.shape)
        return scores_B

    def finish(
        self, scores_B: Tensor, image_ids: tuple[str, ...], seed: int, round_index: int
    ) -> Tensor:
        """(B,) plain scores, put on the grid and with noise."""
        if self.signed:
            scores_B = on_a_grid(scores_B)
        if self.stochastic is None:
            return scores_B
        return self.stochastic(scores_B, image_ids, seed, round_index)
