"""Runs of one strategy under one set of settings, and statistics over their seeds."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from raysal.config.essence import essence
from raysal.errors import RunError
from raysal.experiment.changeable import fixed
from raysal.experiment.config import ExperimentConfig
from raysal.report.runs.changes import strategy_of
from raysal.report.runs.measured_on import check_same_images
from raysal.report.runs.read import RoundData, RunData


@dataclass(frozen=True)
class Series:
    """Runs that differ only in their seed and changed alike; `label` is their name in figures."""

    label: str
    runs: tuple[RunData, ...]

    def at(self, index: int) -> tuple[RoundData, ...]:
        """This round of every run that has recorded it."""
        return tuple(data for run in self.runs if (data := run.round(index)) is not None)

    @property
    def indices(self) -> tuple[int, ...]:
        """Rounds that at least one run has recorded, ascending."""
        return tuple(sorted({data.index for run in self.runs for data in run.rounds}))


@dataclass(frozen=True)
class Spread:
    """Statistics over seeds; `std` is the sample standard deviation (n - 1), None for n = 1."""

    n: int
    mean: float
    std: float | None
    low: float
    high: float


def spread(values: Iterable[float | None]) -> Spread | None:
    """Statistics of the values that are not None; None if all are."""
    known = [value for value in values if value is not None]
    if not known:
        return None
    std = statistics.stdev(known) if len(known) > 1 else None
    return Spread(len(known), statistics.fmean(known), std, min(known), max(known))


def group(runs: Sequence[RunData]) -> tuple[Series, ...]:
    """Runs by strategy and settings, in the order of first appearance.

    If runs of one strategy differ in more than the seed, the differing settings become part of
    the label, and so does the round after which settings changed.

    Raises:
        RunError: runs cannot be compared (other data, classes, splits or images of a split), or an
            experiment is given twice.
    """
    _check_comparable(runs)
    series: list[Series] = []
    for strategy in dict.fromkeys(run.strategy for run in runs):
        same = [run for run in runs if run.strategy == strategy]
        settings = {run.layout.root: _settings(run) for run in same}
        varying = _varying(list(settings.values()))
        apart = len({run.changes for run in same}) > 1
        grouped: dict[tuple[str, str], list[RunData]] = {}
        for run in same:
            own = settings[run.layout.root]
            tail = "".join(f", {key}={own.get(key, _set(run, key))}" for key in varying)
            name = strategy_of(run.records, rounds=True) if apart else strategy
            history = "; ".join(map(str, run.changes))
            grouped.setdefault((name + tail, history), []).append(run)
        twice = Counter(label for label, _ in grouped)
        series += [
            Series(
                f"{label} ({history})" if history and twice[label] > 1 else label,
                tuple(sorted(members, key=lambda run: run.seed)),
            )
            for (label, history), members in grouped.items()
        ]
    for one in series:
        _check_seeds(one)
    return tuple(series)


def common_rounds(runs: Sequence[RunData]) -> tuple[int, ...]:
    """Numbers of the rounds that every run has recorded, ascending; at least one.

    Raises:
        RunError: there is none.
    """
    shared = set.intersection(*({data.index for data in run.rounds} for run in runs))
    if not shared:
        raise RunError(
            "the runs have no recorded round in common; report them separately, or "
            "finish more rounds"
        )
    return tuple(sorted(shared))


def _check_comparable(runs: Sequence[RunData]) -> None:
    first = runs[0]
    for run in runs[1:]:
        _check_same(first, _data_name(first), run, _data_name(run), "data sets")
        _check_same(first, first.class_names, run, run.class_names, "classes")
    # What was not measured has no mIoU that could be compared with others.
    splits = [(run, data.metrics.split) for run in runs if (data := run.first_measured) is not None]
    for run, split in splits[1:]:
        _check_same(*splits[0], run, split, "splits")
    check_same_images(runs)


def _check_same(one: RunData, a: Any, other: RunData, b: Any, what: str) -> None:
    if a != b:
        raise RunError(
            f"{one.name} and {other.name} are of different {what}, so their mIoU cannot be "
            "compared; report them separately"
        )


def _check_seeds(series: Series) -> None:
    for one, other in zip(series.runs, series.runs[1:], strict=False):
        if one.seed == other.seed:
            raise RunError(
                f"{one.name} and {other.name} are the same experiment ({series.label}, seed "
                f"{one.seed}), which would hide the spread over seeds; give only one of them"
            )


def _data_name(run: RunData) -> Any:
    data = run.config.get("data")
    return data.get("name") if isinstance(data, Mapping) else None


def _settings(run: RunData) -> dict[str, str]:
    """The settings that runs of one series share: those that decide the result, except the seed.

    Those that may change while a run lives are those that it began with.
    """
    decisive = essence(ExperimentConfig, run.config)
    begun_with = run.rounds[0].record.settings
    if begun_with is not None:
        decisive = {**fixed(decisive), **begun_with, "al.rounds": decisive.get("al.rounds")}
    return {key: str(value) for key, value in decisive.items() if key != "seed"}


def _set(run: RunData, key: str) -> Any:
    """A setting by its dotted key, such as a default that is no decision; None without it."""
    value: Any = run.config
    for part in key.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value


def _varying(settings: Sequence[Mapping[str, str]]) -> list[str]:
    keys = dict.fromkeys(key for own in settings for key in own)
    return [key for key in keys if len({own.get(key) for own in settings}) > 1]
