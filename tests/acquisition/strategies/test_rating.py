"""Strategies that choose images by predicted loss."""

from __future__ import annotations

import pytest
import torch

from raysal.acquisition.batch import PoolBatch
from raysal.acquisition.needs import Needs, Rating
from raysal.acquisition.strategies.rating import LossPrediction, Panoptic
from raysal.errors import StrategyError
from raysal.inference.predict import Prediction

RATINGS = {"a": 0.5, "b": -2.0, "c": 3.0, "d": 1.0}
KINDS = pytest.mark.parametrize("kind", [Panoptic, LossPrediction])


def scene(labelled_rating: float | None) -> PoolBatch:
    nothing = torch.ones(len(RATINGS), 1, 1, 1)
    mean = None if labelled_rating is None else torch.tensor(labelled_rating)
    rating_B = torch.tensor(list(RATINGS.values()))
    return PoolBatch(tuple(RATINGS), 0, 0, Prediction(nothing, None, rating_B, mean))


@KINDS
@pytest.mark.parametrize(
    ("order", "first_to_last"), [("desc", "cdab"), ("asc", "badc"), ("mismatch", "cbda")]
)
def test_orders(kind: type[Panoptic], order: str, first_to_last: str) -> None:
    """`mismatch` with a mean of 0 of the labelled images: first 3, then -2, 1 and 0.5."""
    scores = dict(zip(RATINGS, kind(order=order)(scene(0.0)).tolist(), strict=True))
    assert "".join(sorted(scores, key=lambda i: -scores[i])) == first_to_last


@KINDS
def test_mismatch_compares_with_the_labelled_images(kind: type[Panoptic]) -> None:
    assert kind(order="mismatch")(scene(1.0)).tolist() == [0.5, 3.0, 2.0, 0.0]
    for order in ("desc", "asc"):
        assert torch.equal(kind(order=order)(scene(1.0)), kind(order=order)(scene(None)))


@KINDS
def test_a_missing_rating_is_named(kind: type[Panoptic]) -> None:
    with pytest.raises(StrategyError, match="reads rating, which this batch lacks"):
        kind()(PoolBatch(("a",), 0, 0, Prediction(torch.ones(1, 1, 1, 1), None)))


def test_needs() -> None:
    assert Panoptic().needs == Needs(rating=Rating("six"))
    assert LossPrediction().needs == Needs(rating=Rating("four"))
    assert (Panoptic().order, Panoptic().label) == ("desc", "Panoptic")
    assert LossPrediction(order="asc").label == "Loss prediction (asc)"
