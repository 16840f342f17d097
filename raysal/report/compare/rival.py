"""Label efficiency against random selection, or against another strategy of choice."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from raysal.report.cost_unit import CostUnit
from raysal.report.runs.read import RoundData
from raysal.report.runs.series import Series, place_of
from raysal.report.statistics.efficiency import Efficiency, label_efficiency


def rival_of(series: Sequence[Series], against: str | None) -> Series | None:
    """The series of a label or of a run; without, that of random images, if there is one.

    Raises:
        RunError: there is no such series.
    """
    if against is not None:
        return series[place_of(against, series)]
    return next((one for one in series if _is_random(one)), None)


def efficiency_of(one: Series, rival: Series, unit: CostUnit) -> Efficiency | None:
    """The label efficiency over the seeds and rounds that both have; None for the rival itself, and
    where fewer than two measured rounds are in common."""
    if one is rival:
        return None
    pairs = [(run, other) for run in one.runs for other in rival.runs if run.seed == other.seed]
    runs = [run for pair in pairs for run in pair]
    if not runs:
        return None
    rounds = set.intersection(*({d.index for d in run.rounds if _counts(d, unit)} for run in runs))
    if len(rounds) < 2:
        return None

    def curves(which: int) -> tuple[np.ndarray, np.ndarray]:
        cut = [[data for data in pair[which].rounds if data.index in rounds] for pair in pairs]
        return (
            np.array([[data.cost[unit] for data in of_run] for of_run in cut], float),
            np.array([[100 * (data.metrics.miou or 0) for data in of_run] for of_run in cut]),
        )

    return label_efficiency(*curves(0), *curves(1))


def _counts(data: RoundData, unit: CostUnit) -> bool:
    return data.metrics.miou is not None and data.cost.get(unit) is not None


def _is_random(one: Series) -> bool:
    run = one.runs[0]
    return (run.section("acquisition") or {}).get("name") == "random" and not run.section("rga")
