"""Whether the stages of a run are complete and as they were written."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from raysal.config.load import read_yaml, validate
from raysal.errors import ConfigError, DataError, RaysalError
from raysal.experiment.changeable import settings_of
from raysal.experiment.config import ExperimentConfig
from raysal.experiment.layout import FINISHED_FILE, STAMP, RoundLayout, RunLayout
from raysal.experiment.own_files import (
    draft_of,
    refuse_foreign,
    remove_empty,
    remove_stages,
    rounds_on_disk,
)
from raysal.experiment.record import Record
from raysal.experiment.stage import Stamp, check_stage, is_finished
from raysal.progress import Watch
from raysal.storage.document import REPAIR, Document

Kind = TypeVar("Kind", bound=Document)


@dataclass(frozen=True)
class Problem:
    """A stage that is damaged or missing, and why in one line that names the file."""

    stage: Path
    line: str


@dataclass(frozen=True)
class Findings:
    """What is wrong with the stages of a run, in the order in which they were computed.

    Attributes:
        unchecked: whether some stages hold no hashes, as they are of an earlier version.
    """

    problems: tuple[Problem, ...]
    unchecked: bool


def check_run(layout: RunLayout, config: ExperimentConfig, watch: Watch) -> None:
    """Check every file of every finished stage before a run goes on.

    Raises:
        DataError: a stage is damaged, or missing although later ones exist.
    """
    found = inspect(layout, config)
    if found.problems:
        raise DataError(found.problems[0].line.replace("status RUN", f"status {layout.root}"))
    if found.unchecked:
        watch.say("some stages were made by an earlier raysal and hold no hashes: not checked")


def inspect(layout: RunLayout, config: ExperimentConfig | None = None) -> Findings:
    """Find what is damaged or missing in a run; reads every file once.

    Args:
        config: of the run; read from it if absent. Without one, a missing stage that only some
            configurations have is not noticed.
    """
    config = config or saved_config(layout)
    problems: list[Problem] = []
    unchecked = False
    for stage in _committed(layout):
        try:
            # A folder without stamp raises an error; one that was only created does not count.
            unchecked |= is_finished(stage) and not check_stage(stage)
        except RaysalError as error:
            problems.append(Problem(stage, str(error)))
    damaged = {problem.stage for problem in problems}
    for stage in _missing(layout, config):
        if stage not in damaged:
            problems.append(Problem(stage, f"the stage {stage} is missing; {REPAIR}"))
    order = [*_fixed(layout), *(s for r in rounds_on_disk(layout) for s in r.all_stages())]
    return Findings(tuple(sorted(problems, key=lambda p: order.index(p.stage))), unchecked)


def saved_config(layout: RunLayout) -> ExperimentConfig | None:
    """The configuration in a run folder; None if it is missing or damaged."""
    try:
        return validate(ExperimentConfig, read_yaml(layout.config), str(layout.config))
    except ConfigError:
        return None


def made_with(layout: RunLayout) -> set[str]:
    """Fingerprints of the configurations that the finished stages were made with.

    Stages of earlier versions have none; their records do, if any stage has no fingerprint of its
    own. Damaged files are passed over.
    """
    of_stages = {stamp.fingerprint for stamp in _read_all(Stamp, _committed(layout))} - {None}
    if of_stages:
        return {fingerprint for fingerprint in of_stages if fingerprint is not None}
    records = (here.record for here in rounds_on_disk(layout))
    return {record.fingerprint for record in _read_all(Record, records)}


def check_model_stage(model: Path) -> None:
    """Check a model that is given to a command, if it is the stage of a round; and its adversary.

    Raises:
        DataError: a file is damaged or missing.
    """
    stage = model.absolute()
    stage = stage if stage.is_dir() else stage.parent
    for folder in (stage, RoundLayout(stage.parent).adversary):
        if (folder / STAMP).exists():
            check_stage(folder)


def to_remove(layout: RunLayout, problems: Iterable[Problem]) -> list[Path]:
    """The stages to compute again: the first damaged or missing one and all that came of it.

    The pool is rebuilt from the same images, so that nothing that came of it changes.

    Raises:
        RunError: one of them holds files that raysal did not make.
    """
    bad = {problem.stage for problem in problems}
    rounds = [stage for here in rounds_on_disk(layout) for stage in here.all_stages()]
    order = [*_first(layout), *rounds]
    first = next((index for index, stage in enumerate(order) if stage in bad), len(order))
    chosen = order[first:] + ([layout.pool] if layout.pool in bad else [])
    both = [path for stage in chosen for path in (stage, draft_of(stage))]
    existing = [path for path in both if path.exists()]
    refuse_foreign(existing)
    return existing


def remove(layout: RunLayout, stages: Iterable[Path]) -> None:
    """Remove stages, the last first, so that a kill leaves the run resumable.

    A run that a sweep had noted as finished is not any more.
    """
    (layout.root / FINISHED_FILE).unlink(missing_ok=True)
    for stage in reversed(list(stages)):
        remove_stages([stage])
    remove_empty(here.folder for here in rounds_on_disk(layout))


def _fixed(layout: RunLayout) -> list[Path]:
    return [layout.pool, *_first(layout)]


def _first(layout: RunLayout) -> list[Path]:
    """The stages of the queries before round 0."""
    return [stage for here in layout.first_queries for stage in here.all_stages()]


def _committed(layout: RunLayout) -> list[Path]:
    """The folders of all stages that exist, in order."""
    rounds = [stage for here in rounds_on_disk(layout) for stage in here.all_stages()]
    return [stage for stage in (*_fixed(layout), *rounds) if stage.exists()]


def _missing(layout: RunLayout, config: ExperimentConfig | None) -> Iterator[Path]:
    """Stages without which those that came after them cannot be trusted.

    A recorded round may lack its model and its scores, which are not read again; the pool is built
    again. What is there of a round in progress must be in order.
    """
    rounds = rounds_on_disk(layout)
    recorded = [here.record.exists() for here in rounds]
    if any(stage.exists() for here in rounds for stage in here.all_stages()):
        yield from (stage for stage in _expected_first(layout, config) if not stage.exists())
    for index, here in enumerate(rounds):
        later = any(s.exists() for other in rounds[index + 1 :] for s in other.all_stages())
        if later and not recorded[index]:
            yield here.record
        if recorded[index]:
            needed = [here.query, here.labels] if later or here.query.exists() else []
            if needed and _was_extended(here):
                needed.append(here.extended)
            yield from (stage for stage in needed if not stage.exists())
            continue
        expected = _expected(here, None if config is None else _of(here, layout, config))
        last = max((i for i, stage in enumerate(expected) if stage.exists()), default=-1)
        yield from (stage for stage in expected[: max(last, 0)] if not stage.exists())


def _expected_first(layout: RunLayout, config: ExperimentConfig | None) -> list[Path]:
    """The stages before round 0."""
    drawn = {} if config is None else {"test": config.al.test, "val": config.al.val}
    asked = [layout.initial] + [q for q in (layout.test, layout.val) if drawn.get(q.name)]
    return [stage for here in asked for stage in (here.query, here.labels)]


def _of(here: RoundLayout, layout: RunLayout, config: ExperimentConfig) -> ExperimentConfig:
    """The settings of a round; the present ones if its own are lost."""
    with contextlib.suppress(DataError):
        return settings_of(here, layout, config)
    return config


def _was_extended(here: RoundLayout) -> bool:
    """Whether the record of a round says that labels were extended; not if it is damaged."""
    with contextlib.suppress(DataError):
        return Record.read(here.record).extension is not None
    return False


def _expected(here: RoundLayout, config: ExperimentConfig | None) -> list[Path]:
    """The stages of a round that queries, in order, without its record."""
    optional = {
        here.adversary: config is not None and config.image_strategy.needs.adversary is not None,
        here.regions: config is not None and config.rga is not None,
        here.extended: config is not None and config.cle is not None,
    }
    return [stage for stage in here.all_stages()[:-1] if optional.get(stage, True)]


def _read_all(kind: type[Kind], stages: Iterable[Path]) -> Iterator[Kind]:
    """The documents of a kind in those stages that have a readable one."""
    for stage in stages:
        with contextlib.suppress(DataError, OSError):
            yield kind.read(stage)
