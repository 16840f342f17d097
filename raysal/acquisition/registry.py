"""All strategies, chosen by `acquisition.name`. To add one, add its class to `_Strategies`."""

from __future__ import annotations

from typing import Annotated, get_args

from pydantic import Field

from raysal.acquisition.base import Strategy
from raysal.acquisition.strategies.balanced_random import BalancedRandom
from raysal.acquisition.strategies.committee import BALD, MCDropout
from raysal.acquisition.strategies.coreset import CoreSet
from raysal.acquisition.strategies.difficulty import DifficultyEntropy, DifficultyScore
from raysal.acquisition.strategies.random import Random
from raysal.acquisition.strategies.rating import LossPrediction, Panoptic
from raysal.acquisition.strategies.uncertainty import Confidence, Entropy, Margin
from raysal.acquisition.strategies.vaal import TAVAAL, VAAL
from raysal.config.settings import Frozen

_Strategies = (
    Random
    | BalancedRandom
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
    | TAVAAL
)
AnyStrategy = Annotated[_Strategies, Field(discriminator="name")]
STRATEGIES: tuple[type[Strategy], ...] = get_args(_Strategies)


class StrategyChoice(Frozen):
    """The settings of a strategy outside an experiment, as `raysal score` reads them."""

    acquisition: AnyStrategy
