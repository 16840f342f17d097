"""All strategies, chosen by `acquisition.name`."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from raysal.acquisition.committee import BALD, MCDropout
from raysal.acquisition.coreset import CoreSet
from raysal.acquisition.difficulty import DifficultyEntropy, DifficultyScore
from raysal.acquisition.random import Random
from raysal.acquisition.rating import LossPrediction, Panoptic
from raysal.acquisition.uncertainty import Confidence, Entropy, Margin
from raysal.acquisition.vaal import TAVAAL, VAAL
from raysal.config.base import Frozen

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
