"""All strategies, chosen by `acquisition.name`."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from raysal.acquisition.strategies.committee import BALD, MCDropout
from raysal.acquisition.strategies.coreset import CoreSet
from raysal.acquisition.strategies.difficulty import DifficultyEntropy, DifficultyScore
from raysal.acquisition.strategies.random import Random
from raysal.acquisition.strategies.rating import LossPrediction, Panoptic
from raysal.acquisition.strategies.uncertainty import Confidence, Entropy, Margin
from raysal.acquisition.strategies.vaal import TAVAAL, VAAL
from raysal.config.settings import Frozen

AnyStrategy = Annotated[
    Random
    | Entropy
    | Confidence
    | Margin
    | DifficultyScore
    | DifficultyEntropy
    | Panoptic
    | LossPrediction
    | MCDropout
    | BALD
    | CoreSet
    | VAAL
    | TAVAAL,
    Field(discriminator="name"),
]
STRATEGIES = (
    Random, Entropy, Confidence, Margin, DifficultyScore, DifficultyEntropy, Panoptic,
    LossPrediction, MCDropout, BALD, CoreSet, VAAL, TAVAAL,
)  # fmt: skip


class StrategyChoice(Frozen):
    """A strategy on its own, where there is no experiment around it."""

    acquisition: AnyStrategy
