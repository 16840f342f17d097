"""What a model reaches that is trained on all images, and how much data others need to come near.

p100 is the mIoU of runs on all images (`al.initial: all`), p90 nine tenths of it (DEAL, section
4.2; CPRAL, section 4.1).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from scipy.stats import t as student_t

from raysal.report.cost_unit import CostUnit
from raysal.report.draw.table import Table
from raysal.report.runs.read import RunData
from raysal.report.runs.series import Series, Spread, spread

SHARES = (0.9, 0.95)
CONFIDENCE = 0.95


@dataclass(frozen=True)
class FullData:
    """Models that were trained on all images.

    Attributes:
        miou: in percent, over their runs.
        cost: of all labels, by unit, mean over the runs; None if it is not counted.
    """

    series: Series
    miou: Spread
    cost: dict[str, float | None]

    def level(self, share: float) -> float:
        """A share of p100, in percent mIoU."""
        return share * self.miou.mean


@dataclass(frozen=True)
class Needed:
    """How much labelling a series needs until its mIoU is a share of p100.

    Attributes:
        place: of the series in the report.
        share: of p100.
        level: the mIoU to be reached, in percent.
        runs: number of runs that were measured.
        amounts: for each run that reaches it, the labelling at which it does, interpolated.
        at_once: how many of these do so with their first labels, and may need fewer.
        furthest: the most labelling of any run that does not reach it; None if all do.
        of_all: labelling of all images; None if it is not counted.
    """

    place: int
    label: str
    share: float
    level: float
    unit: CostUnit
    runs: int
    amounts: tuple[float, ...]
    at_once: int
    furthest: float | None
    of_all: float | None

    @property
    def amount(self) -> Spread | None:
        """Over the runs; None unless all of them reach it: the mean of some would flatter."""
        return spread(self.amounts) if len(self.amounts) == self.runs else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """Confidence interval (95 %) of the mean over seeds, from Student's t; None for one run, or
        unless all reach it. p100 counts as known."""
        found = self.amount
        if found is None or found.std is None:
            return None
        quantile = float(student_t.ppf((1 + CONFIDENCE) / 2, found.n - 1))
        half = quantile * found.std / math.sqrt(found.n)
        return max(0.0, found.mean - half), found.mean + half

    @property
    def percent(self) -> float | None:
        """The mean amount in percent of the labelling of all images."""
        if self.amount is None or not self.of_all:
            return None
        return 100 * self.amount.mean / self.of_all


def full_data(full: Sequence[Series]) -> FullData | None:
    """The best of the series that were trained on all images; None if none was measured."""
    found = []
    for one in full:
        measured = [data for data in one.at(one.last) if data.metrics.miou is not None]
        miou = spread(100 * d.metrics.miou for d in measured if d.metrics.miou is not None)
        if miou is not None:
            costs = [data.cost for data in measured]
            found.append(FullData(one, miou, {unit: _mean(costs, unit) for unit in CostUnit}))
    return max(found, key=lambda one: one.miou.mean, default=None)


def data_needed(series: Sequence[Series], full: FullData, unit: CostUnit) -> tuple[Needed, ...]:
    """For each series and each of `SHARES`, in this order; series without a measured run are left
    out."""
    found = []
    for place, one in enumerate(series):
        curves = [points for run in one.runs if (points := _points(run, unit))]
        for share in SHARES if curves else ():
            level = full.level(share)
            firsts = [first_reaching(points, level) for points in curves]
            missing = [p[-1][0] for p, at in zip(curves, firsts, strict=True) if at is None]
            found.append(
                Needed(
                    place,
                    one.label,
                    share,
                    level,
                    unit,
                    len(curves),
                    tuple(at for at in firsts if at is not None),
                    sum(points[0][1] >= level for points in curves),
                    max(missing, default=None),
                    full.cost.get(unit),
                )
            )
    return tuple(found)


def first_reaching(points: Sequence[tuple[float, float]], level: float) -> float | None:
    """The amount at which a curve first reaches a level, on the straight line between two rounds;
    that of its first point if this does already; None if no point does.

    Args:
        points: amount and value, by ascending amount.
    """
    before: tuple[float, float] | None = None
    for amount, value in points:
        if value >= level:
            if before is None:
                return amount
            share = (level - before[1]) / (value - before[1])
            return before[0] + share * (amount - before[0])
        before = amount, value
    return None


def needed_table(series: Sequence[Series], full: FullData) -> Table:
    """A row per unit that all runs count, series and share of p100."""
    columns = (
        "strategy", "share_of_p100", "miou", "unit", "runs", "runs_reaching", "runs_at_once",
        "needed", "ci_low", "ci_high", "needed_min", "needed_max", "percent_of_all",
        "not_reached_within",
    )  # fmt: skip
    rows = []
    for unit in CostUnit:
        if not _counted(series, unit):
            continue
        for one in data_needed(series, full, unit):
            low, high = one.interval or (None, None)
            known, mean = spread(one.amounts), one.amount
            rows.append(
                (
                    one.label, one.share, one.level, str(unit), one.runs, len(one.amounts),
                    one.at_once, None if mean is None else mean.mean, low, high,
                    None if known is None else known.low, None if known is None else known.high,
                    one.percent, one.furthest,
                )
            )  # fmt: skip
    return Table(columns, tuple(rows))


def _points(run: RunData, unit: CostUnit) -> list[tuple[float, float]]:
    """The cost and the mIoU in percent of each measured round, in order."""
    return [
        (cost, 100 * data.metrics.miou)
        for data in run.rounds
        if data.metrics.miou is not None and (cost := data.cost.get(unit)) is not None
    ]


def _counted(series: Sequence[Series], unit: CostUnit) -> bool:
    rounds = [data for one in series for run in one.runs for data in run.rounds]
    return all(d.cost.get(unit) is not None for d in rounds if d.metrics.miou is not None)


def _mean(costs: Sequence[Mapping[str, float | None]], unit: CostUnit) -> float | None:
    known = [value for cost in costs if (value := cost.get(unit)) is not None]
    return sum(known) / len(known) if len(known) == len(costs) else None
