"""Where a run is, in a few lines."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path

from raysal.config.essence import difference
from raysal.errors import RaysalError, RunError
from raysal.experiment.agreement import agreement, words_of
from raysal.experiment.changeable import of_queries
from raysal.experiment.config import ExperimentConfig
from raysal.experiment.integrity import Problem, inspect, remove, saved_config, to_remove
from raysal.experiment.layout import RoundLayout, RunLayout
from raysal.experiment.outcome import measured_line, summary_line
from raysal.experiment.own_files import draft_of, rounds_on_disk
from raysal.experiment.pending import how_to_answer, open_queries
from raysal.experiment.people import PeopleOracle
from raysal.experiment.record import Record, read_records
from raysal.storage.lock import locked


@dataclass(frozen=True)
class RunStatus:
    """Where a run is.

    Attributes:
        lines: what is done and what is next.
        problems: stages that are damaged or missing.
    """

    lines: tuple[str, ...]
    problems: tuple[Problem, ...]


def read_status(root: Path) -> RunStatus:
    """The state of a run; reads all of its files once.

    Raises:
        RunError: there is no run.
    """
    layout = RunLayout(root)
    _check_is_run(layout)
    config = saved_config(layout)
    found = inspect(layout, config)
    lines = [_summary(here.record) for here in rounds_on_disk(layout) if here.record.exists()]
    of = "" if config is None else f" of {config.al.rounds}"
    lines.append(f"{len(lines)}{of} rounds are recorded")
    lines += _ended(layout)
    if config is None:
        lines.append(
            f"{layout.config} is missing or damaged; `raysal run` with the same settings writes it "
            "again"
        )
    if config is not None:
        lines += _waits_for(layout, config)
        lines += _agreement(layout, config)
    if config is not None:
        lines += _changed_settings(layout, config)
    lines += [f"in progress: {_shown(root, stage)}" for stage in _in_progress(layout)]
    if found.unchecked:
        lines.append("some stages were made by an earlier raysal and hold no hashes: not checked")
    return RunStatus(tuple(lines), found.problems)


def repair_plan(root: Path) -> list[Path]:
    """The stages that `repair` removes, in order; empty if nothing is damaged.

    Raises:
        RunError: there is no run, or one of the stages holds files that raysal did not make.
    """
    layout = RunLayout(root)
    _check_is_run(layout)
    return to_remove(layout, inspect(layout).problems)


def repair(root: Path, stages: list[Path]) -> None:
    """Remove damaged stages and what came of them, so that `raysal run` computes them again.

    Raises:
        RunError: the run is in use.
    """
    with locked(root):
        remove(RunLayout(root), stages)


def _check_is_run(layout: RunLayout) -> None:
    known = (layout.config, layout.pool, layout.rounds, layout.initial.folder)
    if not any(path.exists() for path in known):
        raise RunError(
            f"{layout.root} is not a run; give the folder that `raysal run` printed, such as "
            "runs/<name>"
        )


def _summary(record: Path) -> str:
    try:
        return summary_line(Record.read(record))
    except RaysalError:
        return f"round {int(record.parent.name)}: its record is damaged"


def _ended(layout: RunLayout) -> list[str]:
    """Why a rule of `al.stop` ended it."""
    with contextlib.suppress(RaysalError):  # A damaged record is among the problems.
        last = read_records(layout)[-1:]
        return [f"stopped after round {r.round}: {r.stop}" for r in last if r.stop is not None]
    return []


def _in_progress(layout: RunLayout) -> list[Path]:
    stages = [layout.pool]
    stages += [stage for here in layout.first_queries for stage in here.all_stages()]
    stages += [stage for here in rounds_on_disk(layout) for stage in here.all_stages()]
    return [stage for stage in stages if draft_of(stage).exists() and not stage.exists()]


def _changed_settings(layout: RunLayout, config: ExperimentConfig) -> list[str]:
    """What holds now and did not when the run began."""
    first = None
    with contextlib.suppress(RaysalError):  # A damaged record is among the problems.
        first = next((record.settings for record in read_records(layout)), None)
    if first is None:
        return []
    changes = difference(*(of_queries(settings) for settings in (first, config.essence())))
    return [f"the settings of queries have changed since round 0: {changes}"] if changes else []


def _waits_for(layout: RunLayout, config: ExperimentConfig) -> list[str]:
    try:
        queries = open_queries(layout, config)
        waiting = [query for query in queries if query.unanswered()]
    except RaysalError:  # A damaged query is among the problems.
        return []
    if waiting:
        measured = [q.here for q in waiting if isinstance(q.here, RoundLayout)]
        return [*map(measured_line, measured), *how_to_answer(layout.root, waiting)]
    images = sum(query.images for query in queries if isinstance(query.oracle, PeopleOracle))
    answered = f"all {images} images that were asked for are answered; `raysal run` goes on"
    return [answered] if images else []


def _agreement(layout: RunLayout, config: ExperimentConfig) -> list[str]:
    queries = (*layout.first_queries, *rounds_on_disk(layout))
    asked = [here for here in queries if here.query_file.exists()]
    try:
        pairs = agreement(layout, asked, config.data.size, len(config.data.class_names))
    except RaysalError as error:
        return [f"the agreement of annotators is not known: {error}"]
    return [words] if (words := words_of(pairs)) else []


def _shown(root: Path, stage: Path) -> str:
    return str(stage.relative_to(root))
