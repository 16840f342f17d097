"""What a strategy is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Literal

from torch import Tensor

from raysal.config.base import Frozen
from raysal.training.steps import Prediction

Need = Literal["probabilities", "difficulty", "rating"]


@dataclass(frozen=True)
class PoolBatch:
    """A batch of pool images as a strategy sees it.

    Attributes:
        image_ids: B ids.
        seed, round_index: for strategies that draw lots.
        prediction: what the model says; None if the strategy needs nothing of it.
    """

    image_ids: tuple[str, ...]
    seed: int
    round_index: int
    prediction: Prediction | None


class Strategy(Frozen, ABC):
    """An acquisition function: its validated settings are the callable.

    To add one, write a subclass in a file of its own and name it in
    `raysal.acquisition.registry`: the loop, the engines and the tests know it from there.
    """

    needs: ClassVar[frozenset[Need]]
    """What it reads of the model; empty spares the forward pass altogether."""
    rating_stages: ClassVar[Literal["none", "four", "six"]] = "none"
    """Encoder stages of the rating head, for those that need `rating`."""

    draws_lots: ClassVar[bool] = False
    """Whether its scores depend on the seed."""

    name: str

    @property
    def label(self) -> str:
        """Name for figures and tables."""
        return self.name.capitalize()

    @abstractmethod
    def score(self, batch: PoolBatch) -> Tensor:
        """(B,) scores, the higher the sooner labelled; a pure function of its argument."""

    def __call__(self, batch: PoolBatch) -> Tensor:
        """`score` with its input and output checked for shape."""
        images = len(batch.image_ids)
        if self.needs:
            assert batch.prediction is not None, f"{self.name} needs a prediction"
            assert batch.prediction.probabilities_BCHW.shape[0] == images
        if "difficulty" in self.needs:
            assert batch.prediction is not None
            assert batch.prediction.difficulty_BHW is not None, f"{self.name} needs difficulty"
        if "rating" in self.needs:
            assert batch.prediction is not None
            assert batch.prediction.rating_B is not None, f"{self.name} needs a rating"
        scores_B = self.score(batch)
        assert scores_B.shape == (images,), (self.name, scores_B.shape, images)
        return scores_B
