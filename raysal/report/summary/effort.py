"""Cost of the labels by unit and time by stage, per round; means over the runs of a series."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from raysal.report.runs.read import RoundData
from raysal.report.runs.series import Series

UNITS = ("images", "regions", "pixels", "clicks", "seconds")


@dataclass(frozen=True)
class Grid:
    """Mean values by round and column; None if no run has a value.

    Attributes:
        rows: (round number, one value per column).
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[int, tuple[float | None, ...]], ...]


def costs(series: Sequence[Series]) -> tuple[Grid, ...]:
    """Per series: cost of the labels of each round's model, in the units that any run counts."""
    used = tuple(
        unit
        for unit in UNITS
        if any(data.cost.get(unit) is not None for data in _all_rounds(series))
    )
    return tuple(_grid(one, used, lambda data: data.cost) for one in series)


def timings(series: Sequence[Series]) -> tuple[Grid, ...]:
    """Per series: seconds of each stage, in the order of the stages, and their total."""
    grids = []
    for one in series:
        stages = tuple(
            dict.fromkeys(s for data in _all_rounds([one]) for s in data.record.timings_s)
        )
        grids.append(_grid(one, (*stages, "total"), _with_total))
    return tuple(grids)


def _with_total(data: RoundData) -> Mapping[str, float]:
    if not data.record.timings_s:
        return {}
    return {**data.record.timings_s, "total": sum(data.record.timings_s.values())}


def _grid(
    one: Series,
    columns: tuple[str, ...],
    read: Callable[[RoundData], Mapping[str, float | None] | Mapping[str, float]],
) -> Grid:
    rows = []
    for index in one.indices:
        found = [read(data) for data in one.at(index)]
        rows.append((index, tuple(_mean([row.get(c) for row in found]) for c in columns)))
    return Grid(columns, tuple(rows))


def _all_rounds(series: Sequence[Series]) -> list[RoundData]:
    return [data for one in series for run in one.runs for data in run.rounds]


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None
