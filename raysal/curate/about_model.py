"""What is in a model folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from raysal.acquisition.base import Strategy
from raysal.acquisition.registry import STRATEGIES
from raysal.config.load import read_yaml, validate
from raysal.curate.evaluation_run import run_of
from raysal.curate.score import check_scores
from raysal.engine.workers.model_checks import check_needs, load_needed_adversary
from raysal.errors import RaysalError
from raysal.experiment.config import ExperimentConfig
from raysal.experiment.integrity import check_model_stage
from raysal.experiment.layout import RunLayout
from raysal.experiment.train_adversary import adversary_of
from raysal.models.checkpoint import LoadedModel, load_model


@dataclass(frozen=True)
class AboutModel:
    """A model, and what it can be used for.

    Attributes:
        trained_on: the data set of its run, and where the run is; None if it is of no run.
        serves: names of the strategies by which it can score a pool.
        lacks: of the other strategies, what is missing.
    """

    loaded: LoadedModel
    trained_on: str | None
    serves: tuple[str, ...]
    lacks: dict[str, str]


def about_model(model: Path) -> AboutModel:
    """Open a model and try each strategy's needs on it.

    Raises:
        CheckpointError: it is absent or damaged.
    """
    check_model_stage(model)
    loaded = load_model(model)
    serves, lacks = [], {}
    for kind in STRATEGIES:
        strategy = kind.model_validate({})
        if (why := _lacking(strategy, loaded, model)) is None:
            serves.append(strategy.name)
        else:
            lacks[strategy.name] = why
    return AboutModel(loaded, _trained_on(model), tuple(serves), lacks)


def _lacking(strategy: Strategy, loaded: LoadedModel, model: Path) -> str | None:
    try:
        check_needs(strategy, loaded)
        check_scores(strategy)
        load_needed_adversary(strategy, adversary_of(strategy, model))
    except RaysalError as error:
        return str(error)
    return None


def _trained_on(model: Path) -> str | None:
    run = run_of(model)
    if run is None:
        return None
    file = RunLayout(run).config
    config = validate(ExperimentConfig, read_yaml(file), str(file))
    folder = model.absolute() if model.is_dir() else model.absolute().parent
    return f"{config.data.name}, round {int(folder.parent.name)} of {run}"
