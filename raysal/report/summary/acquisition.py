"""The time that queries took, and how much of it was saved against another strategy (CPRAL,
section 4.4: 64.3 and 80.8 % against picking regions in the whole pool)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from raysal.errors import RunError
from raysal.report.draw.table import Table
from raysal.report.runs.read import RunData
from raysal.report.runs.series import Series, Spread, place_of, spread

STAGES = ("adversary", "score", "regions", "select")
"""From the trained model to the query; labelling and its extension are not among them."""


@dataclass(frozen=True)
class AcquisitionTime:
    """The time per query of a series.

    Attributes:
        place: of the series in the report.
        seconds: over its runs, of each the mean over its queries.
        stages: seconds of each of `STAGES`, mean over the runs; None for one that it has not.
        saved: percent of the time of the named series; None without one, or for itself.
    """

    place: int
    label: str
    seconds: Spread
    stages: tuple[float | None, ...]
    saved: float | None


def acquisition_times(series: Sequence[Series], against: str | None) -> list[AcquisitionTime]:
    """One per series that made a query.

    Args:
        against: label of the series against which time is saved, or name of one of its runs; None
            for none.

    Raises:
        RunError: no series has this label and no run this name, or it made no query.
    """
    seconds = [_seconds(one) for one in series]
    reference, place = None, None
    if against is not None:
        place = place_of(against, series)
        if seconds[place] is None:
            raise RunError(f"--against {against}: no run of it has made a query, which takes time")
        reference = seconds[place]
    return [
        AcquisitionTime(
            number,
            one.label,
            known,
            tuple(_mean(run_means(one, (stage,))) for stage in STAGES),
            None
            if reference is None or number == place
            else 100 * (1 - known.mean / reference.mean),
        )
        for number, (one, known) in enumerate(zip(series, seconds, strict=True))
        if known is not None
    ]


def acquisition_table(times: Sequence[AcquisitionTime]) -> Table:
    """One row per series; seconds per query, and the percent that is saved."""
    columns = ("strategy", "runs", "seconds", "seconds_std", *STAGES, "saved_percent")
    rows = [
        (t.label, t.seconds.n, t.seconds.mean, t.seconds.std, *t.stages, t.saved) for t in times
    ]
    return Table(columns, tuple(rows))


def other_machines(series: Sequence[Series], against: str) -> list[str]:
    """Names of the runs that were made on another machine than the first run of the named series,
    as far as known."""
    named = series[place_of(against, series)].runs[0]
    runs = [run for one in series for run in one.runs]
    return [run.name for run in runs if _machine(run) != _machine(named)]


def run_means(one: Series, stages: Sequence[str]) -> list[float]:
    """Seconds of these stages per query, of each run that has made one with any of them."""
    found = []
    for run in one.runs:
        times = [data.record.timings_s for data in run.rounds if "select" in data.record.timings_s]
        if any(stage in of_round for of_round in times for stage in stages):
            total = sum(of_round.get(stage, 0.0) for of_round in times for stage in stages)
            found.append(total / len(times))
    return found


def _seconds(one: Series) -> Spread | None:
    return spread(run_means(one, STAGES))


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None


def _machine(run: RunData) -> object:
    return [run.environment.get(key) for key in ("platform", "processor", "gpus")]
