"""The forecast of one series, from the rounds that all of its runs have."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from raysal.data.pool.outside import IN_A_RUN
from raysal.data.pool.pool import Pool
from raysal.errors import RaysalError
from raysal.report.cost_unit import CostUnit
from raysal.report.draw.format import count, duration
from raysal.report.runs.series import Series
from raysal.report.statistics.curves import first_reached
from raysal.report.statistics.power_law import PowerLaw, fit, too_few

BUDGETS = 3
"""Number of further queries whose result is forecast."""
FARTHEST = 10.0
"""Nothing is said of more labels than so many times those that there are."""
STEPS = 2000


@dataclass(frozen=True)
class Point:
    """mIoU in percent that the mean over the runs is expected to have, with its 95 % interval."""

    cost: float
    miou: float
    low: float
    high: float


@dataclass(frozen=True)
class Target:
    """The cost at which a curve reaches a wanted mIoU.

    Attributes:
        miou: wanted, in percent.
        cost: where the mean over the runs has reached it, or where the curve is expected to; None
            if not within `limit`.
        low, high: 95 % interval; None without an end within `limit`, and where it is reached.
        limit: the cost beyond which nothing is said.
        reached: whether it is reached already.
    """

    miou: float
    cost: float | None
    low: float | None
    high: float | None
    limit: float
    reached: bool


@dataclass(frozen=True)
class Forecast:
    """Where the curve of a series goes.

    Attributes:
        law: None if there are too few rounds; `why` says what is missing.
        last: cost and mean mIoU of the last round that it is based on.
        points: at the cost after each of the next queries; fewer if the pool has no more.
    """

    label: str
    unit: CostUnit
    law: PowerLaw | None
    why: str | None
    last: tuple[float, float] | None
    points: tuple[Point, ...] = ()
    target: Target | None = None

    @property
    def sentence(self) -> str | None:
        """What it takes to reach the target; None without one."""
        return None if self.target is None else _sentence(self.label, self.unit, self.target)


def forecast(one: Series, unit: CostUnit, target: float | None = None) -> Forecast:
    """Fit the curve of a series, and extend it.

    The next queries are taken to cost what the last one did, and to help as those before did; so
    there is no forecast for runs whose settings of queries have changed.

    Args:
        target: wanted mIoU in percent.
    """
    cost_R, value_NR = _curves(one, unit)
    last = (float(cost_R[-1]), float(value_NR[:, -1].mean())) if len(cost_R) else None
    if any(run.changes for run in one.runs):
        return Forecast(one.label, unit, None, "the settings of its queries have changed", last)
    if len(cost_R) and cost_R[0] <= 0:
        return Forecast(one.label, unit, None, f"round 0 cost no {unit}", last)
    law = fit(cost_R, value_NR)
    if law is None or last is None:
        return Forecast(one.label, unit, None, _too_few(len(one.runs), len(cost_R)), last)
    pool = _pool(one) if unit is CostUnit.images else None
    step = float(cost_R[-1] - cost_R[-2])
    at_X = last[0] + step * np.arange(1, BUDGETS + 1)
    at_X = at_X[at_X <= (pool or np.inf)] if step > 0 else at_X[:0]
    points: tuple[Point, ...] = ()
    if len(at_X):
        rows = zip(at_X, law.at(at_X), *law.band(at_X), strict=True)
        points = tuple(Point(*map(float, row)) for row in rows)
    wanted = None
    if target is not None:
        limit = min(FARTHEST * last[0], pool or np.inf)
        wanted = _reach(law, cost_R, value_NR.mean(0), target, float(limit))
    return Forecast(one.label, unit, law, None, last, points, wanted)


def _curves(one: Series, unit: CostUnit) -> tuple[np.ndarray, np.ndarray]:
    """(R,) mean cost and (N, R) mIoU in percent, of the rounds that all runs have measured."""
    known = [
        {
            data.index: (float(cost), 100 * data.metrics.miou)
            for data in run.rounds
            if data.metrics.miou is not None and (cost := data.cost.get(unit)) is not None
        }
        for run in one.runs
    ]
    rounds = sorted(set.intersection(*(set(of_run) for of_run in known)))
    table_NR2 = np.array([[of_run[index] for index in rounds] for of_run in known], float)
    table_NR2 = table_NR2.reshape(len(known), len(rounds), 2)
    return table_NR2[..., 0].mean(0), table_NR2[..., 1]


def _reach(
    law: PowerLaw, cost_R: np.ndarray, mean_R: np.ndarray, target: float, limit: float
) -> Target:
    (seen,) = first_reached(cost_R[None], mean_R[None], np.array([target]))
    if np.isfinite(seen):
        return Target(target, float(seen), None, None, limit, reached=True)
    at_X = np.geomspace(cost_R[-1], max(limit, cost_R[-1]), STEPS)
    low_X, high_X = law.band(at_X, new_round=False)
    crossings = (
        first_reached(at_X[None], value_X[None], np.array([target]))[0]
        for value_X in (law.at(at_X), high_X, np.maximum.accumulate(low_X))
    )
    cost, low, high = (float(x) if np.isfinite(x) else None for x in crossings)
    return Target(target, cost, low, high, limit, reached=False)


def _pool(one: Series) -> int | None:
    """Images in the pool; None if it cannot be read."""
    try:
        return Pool.open(str(one.runs[0].layout.pool), IN_A_RUN).images
    except (RaysalError, OSError):
        return None


def _too_few(runs: int, rounds: int) -> str:
    needed = next(r for r in range(1, 10) if not too_few(runs, r))
    of_all = "" if runs == 1 else " that all its runs have"
    return f"{rounds} measured round{'' if rounds == 1 else 's'}{of_all}, and {needed} are needed"


def _sentence(label: str, unit: CostUnit, t: Target) -> str:
    wanted = f"{label}: {t.miou:g} % mIoU"
    if t.reached and t.cost is not None:
        return f"{wanted} was reached at {amount(t.cost, unit)}."
    within = f"within {amount(t.limit, unit)}"
    if t.cost is None:
        if t.low is None:
            return f"{wanted} is not expected {within}."
        return (
            f"{wanted} is not expected {within}, but possible from {amount(t.low, unit)} on (95 % "
            "interval)."
        )
    ends = " to more than ".join((_bare(t.low, unit), _bare(t.limit, unit)))
    if t.high is not None:
        ends = f"{_bare(t.low, unit)} to {_bare(t.high, unit)}"
    return f"{wanted} is expected at {amount(t.cost, unit)} (95 % interval {ends})."


def _bare(value: float | None, unit: CostUnit) -> str:
    """A cost without its unit, unless it is a time; `now` for one that may be reached already."""
    if value is None:
        return "now"
    return duration(value) if unit is CostUnit.seconds else count(round(value))


def amount(value: float, unit: CostUnit) -> str:
    """A cost with its unit."""
    return duration(value) if unit is CostUnit.seconds else f"{count(round(value))} {unit}"


def reasons(found: Sequence[Forecast]) -> list[str]:
    """Why some series have no forecast, each reason once with the series that it holds for."""
    by_reason: dict[str, list[str]] = {}
    for one in found:
        if one.why is not None:
            by_reason.setdefault(one.why, []).append(one.label)
    return [f"No forecast for {', '.join(labels)}: {why}." for why, labels in by_reason.items()]
