"""The learning curve: mIoU against the cost of the labels, mean and spread over seeds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from raysal.errors import RunError
from raysal.experiment.answered import query_costs
from raysal.report.cost_unit import CostUnit
from raysal.report.draw.table import Table
from raysal.report.runs.changes import Change
from raysal.report.runs.read import RoundData, RunData
from raysal.report.runs.series import Series, Spread, spread
from raysal.report.summary.effort import UNITS


@dataclass(frozen=True)
class Point:
    """One round of one series.

    Attributes:
        cost: of its labels by unit, mean over the runs in `miou`; None if one of them does not
            count this unit.
        miou: in percent, over the runs that have recorded this round.
    """

    index: int
    cost: Mapping[str, float | None]
    miou: Spread


def learning_curve(series: Series) -> tuple[Point, ...]:
    """One point per round that has an mIoU."""
    points = []
    for index in series.indices:
        known = [data for data in series.at(index) if data.metrics.miou is not None]
        miou = spread(100 * data.metrics.miou for data in known if data.metrics.miou is not None)
        if miou is not None:
            cost = {unit: _mean([data.cost.get(unit) for data in known]) for unit in UNITS}
            points.append(Point(index, cost, miou))
    return tuple(points)


def check_counted(series: Sequence[Series], unit: CostUnit) -> None:
    """Check that a curve over `unit` can be drawn.

    Raises:
        RunError: a run does not count this unit, or some of its annotators' answers do not.
    """
    rounds = [
        (run, data)
        for one in series
        for run in one.runs
        for data in run.rounds
        if data.metrics.miou is not None
    ]
    counted = [u for u in CostUnit if all(d.cost.get(u) is not None for _, d in rounds)]
    for run, data in rounds:
        if data.cost.get(unit) is None:
            raise RunError(
                f"{_why_not_counted(run, data, unit)} (round {data.index}), so they cannot be the "
                f"x axis of the curve; choose {' or '.join(counted)}"
            )


def missing_curve(series: Sequence[Series]) -> str | None:
    """Why no curve of these series can be drawn; None if one can."""
    rounds = [data for one in series for run in one.runs for data in run.rounds]
    if not any(data.measured for data in rounds):
        return (
            "No learning curve and no IoU: no round was measured, because there are no labelled "
            "test or validation images; begin a run with al.test, which draws some by lot and has "
            "them labelled."
        )
    if all(data.metrics.miou is None for data in rounds):
        return "No learning curve: the mIoU of all rounds is undefined."
    return None


def curve_table(series: Sequence[Series]) -> Table:
    """mIoU in percent per series and round, with the sample standard deviation (n - 1)."""
    columns = ("strategy", "round", "runs", *UNITS, "miou", "miou_std", "miou_min", "miou_max")
    rows = []
    for one in series:
        for point in learning_curve(one):
            m = point.miou
            cost = (point.cost[unit] for unit in UNITS)
            rows.append((one.label, point.index, m.n, *cost, m.mean, m.std, m.low, m.high))
    return Table(columns, tuple(rows))


def changes_of(one: Series) -> tuple[Change, ...]:
    """The changes of the queries' settings, in which all runs of a series agree as far as they
    are recorded."""
    longest = max(one.runs, key=lambda run: len(run.rounds))
    return tuple(change for change in longest.changes if change.queries)


def _why_not_counted(run: RunData, data: RoundData, unit: CostUnit) -> str:
    """`a does not count clicks`, or how many answers of its annotators came without."""
    layout = run.layout
    answered = [here for here in layout.queries(data.index) if here.answered_file.exists()]
    costs = [cost for here in answered for cost in query_costs(here)]
    unknown = sum(cost.as_dict()[unit] is None for cost in costs)
    if not unknown:
        return f"{run.name} does not count {unit}"
    return f"{run.name}: {unknown} of {len(costs)} answers came without {unit}"


def _mean(values: Sequence[float | None]) -> float | None:
    found = spread(values)
    return found.mean if found is not None and found.n == len(values) else None
