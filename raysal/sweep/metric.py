"""Metrics of a sweep: each reduces the learning curve of a trial to one number."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from raysal.experiment.record import Record
from raysal.sweep.config import SweepConfig

Curve = Sequence[tuple[float, float]]
"""(cost of the labels, mIoU in [0, 1]) of each round, by ascending cost."""


def curve_of(records: Sequence[Record], unit: str) -> Curve:
    """The learning curve over cost in `unit`, without rounds whose cost or mIoU is None."""
    costs = [(record.labelled.as_dict()[unit], record.miou) for record in records]
    return [(float(cost), miou) for cost, miou in costs if cost is not None and miou is not None]


def final_miou(curve: Curve) -> float | None:
    """mIoU of the last round; None for an empty curve."""
    return curve[-1][1] if curve else None


def auc_miou(curve: Curve) -> float | None:
    """Area under the learning curve, divided by its range of costs: a mean mIoU.

    With costs x_0 .. x_n and mIoU m_0 .. m_n of the rounds, interpolated linearly:

        AUC = 1 / (x_n - x_0) * sum over i < n of (x_{i+1} - x_i) * (m_i + m_{i+1}) / 2

    For a single round, or rounds of equal cost, the mean of their mIoU.
    """
    if not curve:
        return None
    width = curve[-1][0] - curve[0][0]
    if width == 0:
        return sum(miou for _, miou in curve) / len(curve)
    steps = itertools.pairwise(curve)
    return sum((x1 - x0) * (m0 + m1) / 2 for (x0, m0), (x1, m1) in steps) / width


def miou_at(curve: Curve, cost: float) -> float | None:
    """mIoU at a cost, interpolated linearly; None outside the range of the curve."""
    for x, miou in curve:
        if x == cost:
            return miou
    for (x0, m0), (x1, m1) in itertools.pairwise(curve):
        if x0 < cost < x1:
            return m0 + (m1 - m0) * (cost - x0) / (x1 - x0)
    return None


def measure(config: SweepConfig, records: Sequence[Record]) -> float | None:
    """The metric of the sweep, in [0, 1]; None if the rounds so far do not determine it."""
    if config.at is not None:
        return miou_at(curve_of(records, config.at.unit), config.at.number)
    if config.metric == "auc_miou":
        return auc_miou(curve_of(records, config.cost_unit))
    return final_miou(curve_of(records, "images"))


def measure_so_far(config: SweepConfig, records: Sequence[Record]) -> float | None:
    """Value that ASHA compares after each round: the metric, or the last mIoU for `miou_at`."""
    if config.metric == "miou_at":
        return final_miou(curve_of(records, "images"))
    return measure(config, records)
