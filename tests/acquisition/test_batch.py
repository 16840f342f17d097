"""What a strategy is given: what it declared and what is there, or an error that names both."""

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
    """Reads difficulty, declares probabilities."""

    source: ClassVar[str] = "a test"
    name: Literal["undeclared"] = "undeclared"

    @property
    def needs(self) -> Needs:
        return Needs(probabilities=True)

    def score(self, batch: PoolBatch) -> Tensor:
        return batch.difficulty().mean((1, 2))


def test_what_was_not_declared_is_refused_though_it_is_there() -> None:
    with pytest.raises(StrategyError, match="'undeclared' reads difficulty without declaring it"):
        Undeclared()(PoolBatch(("a",), 0, 0, PREDICTION))


def test_what_is_given_is_what_was_predicted() -> None:
    batch = PoolBatch(("a",), 0, 0, PREDICTION, torch.zeros(1, 3, 3), torch.zeros(1))
    assert batch.probabilities() is PREDICTION.probabilities_BCHW
    assert batch.difficulty() is PREDICTION.difficulty_BHW
    assert batch.votes() is batch.votes_BHW
    assert batch.labelled_logits() is batch.labelled_logits_B


@pytest.mark.parametrize("read", ["probabilities", "difficulty", "rating", "labelled_rating"])
def test_nothing_was_predicted(read: str) -> None:
    with pytest.raises(StrategyError, match=r"'a strategy' reads .*, which this batch lacks"):
        getattr(PoolBatch(("a",), 0, 0), read)()


def test_what_passes_cost() -> None:
    votes = DropoutPasses(20, "hard")
    assert Needs().cost == "0"
    assert Needs(difficulty=True).cost == "1"
    assert Needs(votes=votes).cost == "20 after the encoder"
    assert Needs(votes=votes, probabilities=True).cost == "1 + 20 after the encoder"
