"""Runs of one strategy under one set of settings, and statistics over their seeds."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from raysal.errors import RunError, did_you_mean
from raysal.report.runs.changes import strategy_of
from raysal.report.runs.measured_on import check_same_images
from raysal.report.runs.naming import names_of, strategy_name
from raysal.report.runs.read import RoundData, RunData
from raysal.report.runs.settings import OFF, decisive, is_full, telling, value_of, varying

Settings = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Series:
    """Runs that differ only in their seed and length, and changed alike.

    Attributes:
        label: their name in figures.
        full: whether they were trained on all images at once: what others are measured against.
        differs: the settings in which runs of its strategy differ from series to series, and their
            values here; more than `label` has if some only go along with others.
        name: the label without settings.
        told: the settings of the label, and their values.
    """

    label: str
    runs: tuple[RunData, ...]
    full: bool = False
    differs: tuple[tuple[str, str], ...] = ()
    name: str = ""
    told: tuple[tuple[str, str], ...] = ()

    def at(self, index: int) -> tuple[RoundData, ...]:
        """This round of every run that has recorded it."""
        return tuple(data for run in self.runs if (data := run.round(index)) is not None)

    @property
    def indices(self) -> tuple[int, ...]:
        """Rounds that at least one run has recorded, ascending."""
        return tuple(sorted({data.index for run in self.runs for data in run.rounds}))

    @property
    def last(self) -> int:
        """The last round that more than half of its runs have recorded.

        One run that ended early does not hide what the others went on to, and one that is ahead
        does not speak for all.
        """
        return max(i for i in self.indices if 2 * len(self.at(i)) > len(self.runs))


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
    """Runs by name (`names_of`) and settings, in the order of first appearance.

    If runs of one name differ in more than the seed and their length, as many of the differing
    settings as tell them apart become part of the label, and so does the round after which
    settings changed. Runs on all images at once are of no strategy.

    Raises:
        RunError: runs cannot be compared (other data, classes, splits or images of a split), or an
            experiment is given twice.
    """
    _check_comparable(runs)
    series: list[Series] = []
    names = names_of(runs)
    for name in dict.fromkeys(names):
        named = [run for run, own in zip(runs, names, strict=True) if own == name]
        series += _of_name(name, named)
    for one in series:
        _check_seeds(one)
    return tuple(series)


def _of_name(common: str, runs: Sequence[RunData]) -> list[Series]:
    """The series of runs of one name, by their settings and by how these changed."""
    settings = [decisive(run) for run in runs]
    keys = varying(settings)
    values = [
        {key: value_of(run, own, key) for key in keys}
        for run, own in zip(runs, settings, strict=True)
    ]
    named = telling(values, keys)
    changed = len({run.changes for run in runs}) > 1
    grouped: dict[tuple[str, Settings, str, Settings], list[RunData]] = {}
    for run, own in zip(runs, values, strict=True):
        # In a section that is off, no setting has a value.
        told = {key.partition(".")[0] if own[key] == OFF else key: own[key] for key in named}
        made = () if is_full(run) else run.changes
        name = strategy_of(run.records, rounds=True) if changed and made else common
        history = "; ".join(map(str, made))
        key_of_series = (name, tuple(told.items()), history, tuple(own.items()))
        grouped.setdefault(key_of_series, []).append(run)
    twice = Counter((name, told) for name, told, _, _ in grouped)
    return [
        Series(
            _label(name, told) + (f" ({history})" if history and twice[name, told] > 1 else ""),
            tuple(sorted(members, key=lambda run: run.seed)),
            full=is_full(members[0]),
            differs=differs,
            name=name,
            told=told,
        )
        for (name, told, history, differs), members in grouped.items()
    ]


def _label(name: str, told: Settings) -> str:
    return ", ".join([name, *(f"{key}={value}" for key, value in told)])


def apart(found: Sequence[Series]) -> tuple[list[Series], list[Series]]:
    """The series to compare, and those on all images; these are compared if there are no others."""
    series = [one for one in found if not one.full]
    full = [one for one in found if one.full]
    return (series, full) if series else (full, [])


def place_of(name: str, series: Sequence[Series]) -> int:
    """The place of the series of this label, or else of a run of this name, or else of the only
    series of this strategy, which may have another label as a variant of a sweep.

    Raises:
        RunError: there is none.
    """
    for place, one in enumerate(series):
        if one.label == name:
            return place
    for place, one in enumerate(series):
        if any(run.name == name for run in one.runs):
            return place
    places = [i for i, one in enumerate(series) if strategy_name(one.runs[0]) == name]
    if len(places) == 1:
        return places[0]
    # Quoted, because labels have commas.
    hint = did_you_mean(name, [f"'{one.label}'" for one in series]).replace("''", "'")
    raise RunError(f"--against {name}: no strategy and no run is called so{hint}")


def common_rounds(series: Sequence[Series]) -> tuple[int, ...]:
    """Numbers of the rounds that all series have, up to the first `Series.last`, ascending; at
    least one.

    Raises:
        RunError: there is none.
    """
    shared = set.intersection(*({i for i in one.indices if i <= one.last} for one in series))
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
