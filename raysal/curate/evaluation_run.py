"""What a run has to evaluate: its models, and its images to measure on with people's labels."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

from raysal.config.load import apply_overrides, read_yaml, validate
from raysal.curate.evaluation_data import LabelledData, check_overrides
from raysal.data.pool.outside import IN_A_RUN
from raysal.data.pool.pool import Pool
from raysal.errors import RunError
from raysal.experiment.config import ExperimentConfig
from raysal.experiment.layout import STAMP, QueryLayout, RunLayout
from raysal.experiment.measuring import measuring_set
from raysal.experiment.own_files import rounds_on_disk
from raysal.experiment.pending import open_queries


def is_run(folder: Path) -> bool:
    """Whether a folder is that of a run."""
    layout = RunLayout(folder)
    return layout.config.is_file() and any(
        stage.is_dir() for stage in (layout.pool, layout.rounds, layout.initial.folder)
    )


def run_of(model: Path) -> Path | None:
    """The run that a `model` folder, or a file in it, is of; None if it is of none."""
    folder = model.absolute() if model.is_dir() else model.absolute().parent
    run = folder.parent.parent.parent
    return run if folder == RunLayout(run).round(_number(folder)).model and is_run(run) else None


def last_model(run: Path) -> Path:
    """The model of the last round of a run that has one which was measured.

    Raises:
        RunError: there is none.
    """
    for here in reversed(rounds_on_disk(RunLayout(run))):
        if (here.metrics / STAMP).exists() and here.model_file.exists():
            return here.model
    raise RunError(
        f"{run} has no trained model yet; `raysal status {shlex.quote(str(run))}` says what it "
        "waits for, and `raysal run` goes on"
    )


def load_run(root: Path, overrides: Sequence[str] = ()) -> LabelledData:
    """The images that the models of a run are measured on.

    Raises:
        ConfigError: its configuration is damaged, or an override is of no use here.
        RunError: images were drawn to measure on, but are not labelled yet.
        DataError, PoolError: labels or pool are damaged or missing.
    """
    check_overrides(overrides)
    layout = RunLayout(root)
    values = apply_overrides(read_yaml(layout.config), overrides)
    config = validate(ExperimentConfig, values, str(layout.config))
    drawn = ((layout.test, config.al.test), (layout.val, config.al.val))
    for here, count in drawn:
        if count and not (here.labels / STAMP).exists():
            raise _not_labelled(here, layout, config)
    run = shlex.quote(str(root))
    pool = Pool.open(str(layout.pool), IN_A_RUN) if any(count for _, count in drawn) else None
    return LabelledData(
        str(root),
        config.data if pool is None else measuring_set(config, layout, pool),
        config.engine,
        config.train.precision,
        remedy=f"; give labelled data: `raysal evaluate {run} DATA`",
    )


def _not_labelled(here: QueryLayout, layout: RunLayout, config: ExperimentConfig) -> RunError:
    run = shlex.quote(str(layout.root))
    for query in open_queries(layout, config):
        if query.here == here and query.unanswered():
            return RunError(
                f"{layout.root} has nothing to measure on yet: {query} are still to be labelled; "
                f"hand them out with `raysal ask {run} --as png --out TO_LABEL`, take the labels "
                f"back with `raysal answer {run} TO_LABEL`, and go on with `raysal run`"
            )
    return RunError(
        f"{layout.root} has not taken the labels of its {here.name} images yet; go on with "
        "`raysal run`"
    )


def _number(model: Path) -> int:
    return int(model.parent.name) if model.parent.name.isdecimal() else -1
