"""A strategy reads only what it declared and what the batch holds; else a clear error."""

from __future__ import annotations

from typing import ClassVar, Literal

import pytest
import torch
from torch import Tensor

from raysal.acquisition.base import Strategy
from raysal.acquisition.batch import PoolBatch
from raysal.acquisition.needs import DropoutPasses, Needs
from raysal.errors import StrategyError
from raysal.inference.predict import Prediction

PREDICTION = Prediction(torch.ones(1, 2, 3, 3), torch.ones(1, 3, 3))


class Undeclared(Strategy):
    """Reads difficulty but declares probabilities only."""

    source: ClassVar[str] = "a test"
    name: Literal["undeclared"] = "undeclared"

    @property
    def needs(self) -> Needs:
        return Needs(probabilities=True)

    def score(self, batch: PoolBatch) -> Tensor:
        return batch.difficulty().mean((1, 2))


def test_reading_without_declaring_is_refused() -> None:
    with pytest.raises(StrategyError, match="'undeclared' reads difficulty without declaring it"):
        Undeclared()(PoolBatch(("a",), 0, 0, PREDICTION))


def test_methods_return_the_prediction() -> None:
    batch = PoolBatch(("a",), 0, 0, PREDICTION, torch.zeros(1, 3, 3), torch.zeros(1))
    assert batch.probabilities() is PREDICTION.probabilities_BCHW
    assert batch.difficulty() is PREDICTION.difficulty_BHW
    assert batch.votes() is batch.votes_BHW
    assert batch.labelled_logits() is batch.labelled_logits_B


@pytest.mark.parametrize("read", ["probabilities", "difficulty", "rating", "labelled_rating"])
def test_nothing_was_predicted(read: str) -> None:
    with pytest.raises(StrategyError, match=r"'a strategy' reads .*, which this batch lacks"):
        getattr(PoolBatch(("a",), 0, 0), read)()


def test_cost_of_passes() -> None:
    votes = DropoutPasses(20, "hard")
    assert Needs().cost == "0"
    assert Needs(difficulty=True).cost == "1"
    assert Needs(votes=votes).cost == "20 after the encoder"
    assert Needs(votes=votes, probabilities=True).cost == "1 + 20 after the encoder"
