"""One number per strategy and seed: runs with the same seed are compared over the same costs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from raysal.report.compare.by import CompareBy
from raysal.report.cost_unit import CostUnit
from raysal.report.runs.read import RunData
from raysal.report.runs.series import Series
from raysal.report.statistics.curves import area


@dataclass(frozen=True)
class Matched:
    """mIoU in percent of each strategy and seed.

    Attributes:
        value_SN: NaN where a strategy has no run of a seed.
        low_N, high_N: the range of costs, in `unit`, that all runs of a seed have; NaN without.
    """

    unit: CostUnit
    by: CompareBy
    seeds: tuple[int, ...]
    value_SN: np.ndarray
    low_N: np.ndarray
    high_N: np.ndarray

    @property
    def range(self) -> tuple[float, float] | None:
        """From the lowest to the highest cost of any seed; None if no seed has a range."""
        if not np.isfinite(self.low_N).any():
            return None
        return float(np.nanmin(self.low_N)), float(np.nanmax(self.high_N))


def match(series: Sequence[Series], unit: CostUnit, by: CompareBy) -> Matched:
    """Reduce the curves of all runs; seeds that only one strategy has are left out.

    Within a seed, curves are cut to the costs that all of its runs have, and interpolated linearly
    at the ends. Runs of different length are thus compared as far as the shortest goes.
    """
    by_seed = [{run.seed: run for run in one.runs} for one in series]
    all_seeds = sorted({seed for runs in by_seed for seed in runs})
    seeds = tuple(s for s in all_seeds if sum(s in runs for runs in by_seed) > 1)
    value_SN = np.full((len(series), len(seeds)), np.nan)
    low_N, high_N = np.full(len(seeds), np.nan), np.full(len(seeds), np.nan)
    for n, seed in enumerate(seeds):
        curves = {
            s: curve
            for s, runs in enumerate(by_seed)
            if seed in runs and len((curve := curve_of(runs[seed], unit))[0])
        }
        if len(curves) < 2:
            continue
        low = max(float(cost_R[0]) for cost_R, _ in curves.values())
        high = min(float(cost_R[-1]) for cost_R, _ in curves.values())
        if high < low:
            continue
        low_N[n], high_N[n] = low, high
        for s, (cost_R, miou_R) in curves.items():
            value_SN[s, n] = area(cost_R, miou_R, low if by is CompareBy.auc else high, high)
    return Matched(unit, by, seeds, value_SN, low_N, high_N)


def curve_of(run: RunData, unit: CostUnit) -> tuple[np.ndarray, np.ndarray]:
    """(R,) cost and mIoU in percent of the rounds that have both."""
    points = [
        (cost, 100 * data.metrics.miou)
        for data in run.rounds
        if data.metrics.miou is not None and (cost := data.cost.get(unit)) is not None
    ]
    cost_R, miou_R = np.array(points, float).reshape(-1, 2).T
    return cost_R, miou_R


def counted(series: Sequence[Series]) -> tuple[CostUnit, ...]:
    """The units that every measured round of every run counts."""
    rounds = [
        data
        for one in series
        for run in one.runs
        for data in run.rounds
        if data.metrics.miou is not None
    ]
    return tuple(u for u in CostUnit if all(data.cost.get(u) is not None for data in rounds))
