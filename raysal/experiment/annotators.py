"""Who answers the queries of a run."""

from __future__ import annotations

from typing import Literal

from raysal.experiment.config import ExperimentConfig
from raysal.experiment.layout import RunLayout
from raysal.experiment.oracle import Oracle, SimulatedOracle
from raysal.experiment.people import PeopleOracle

Patience = Literal["end", "wait", "take", "take unreviewed"]
"""Where people have to answer: end, wait for them, or take what is there and give the rest back;
what waits for review is taken only if told so."""


def oracle_of(config: ExperimentConfig, layout: RunLayout, patience: Patience = "end") -> Oracle:
    """Who answers the queries of a run."""
    if config.oracle == "people":
        return PeopleOracle(
            config.data,
            layout.answers,
            take=patience in ("take", "take unreviewed"),
            unreviewed=patience == "take unreviewed",
        )
    return SimulatedOracle(config.data, config.noise, config.seed)
