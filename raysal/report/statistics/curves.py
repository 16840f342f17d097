"""Learning curves reduced to numbers: areas, and the cost at which a value is reached."""

from __future__ import annotations

import numpy as np


def area(cost_R: np.ndarray, value_R: np.ndarray, low: float, high: float) -> float:
    """Area under a curve between two costs, divided by their distance: a mean value.

        1 / (high - low) * integral of the curve, interpolated linearly, from low to high

    For low = high, the value there.

    Args:
        cost_R: ascending; it must cover low to high.
    """
    inner = cost_R[(cost_R > low) & (cost_R < high)]
    x = np.concatenate([[low], inner, [high]])
    y = np.interp(x, cost_R, value_R)
    if high <= low:
        return float(y[0])
    return float(np.sum(np.diff(x) * (y[1:] + y[:-1]) / 2) / (high - low))


def first_reached(cost_BR: np.ndarray, value_BR: np.ndarray, target_B: np.ndarray) -> np.ndarray:
    """(B,) cost at which each curve first reaches its target, interpolated linearly.

    Infinite if it never does; the first cost if it begins there.
    """
    above_BR = value_BR >= target_B[:, None]
    place_B = above_BR.argmax(1)
    rows = np.arange(len(cost_BR))
    before_B = np.maximum(place_B - 1, 0)
    x0, x1 = cost_BR[rows, before_B], cost_BR[rows, place_B]
    y0, y1 = value_BR[rows, before_B], value_BR[rows, place_B]
    with np.errstate(divide="ignore", invalid="ignore"):
        crossing_B = x0 + (x1 - x0) * (target_B - y0) / (y1 - y0)
    reached_B = np.where(place_B == 0, cost_BR[:, 0], crossing_B)
    return np.where(above_BR.any(1), reached_B, np.inf)
