"""Power of the paired t test: how many seeds show a difference, and which one some seeds show."""

from __future__ import annotations

import functools
import math

import numpy as np
from scipy import optimize, special

POWER = 0.8
"""Customary: a difference that is there is shown four times in five."""
MOST_SEEDS = 1000
QUANTILES = (np.arange(500) + 0.5) / 500


def power(effect: float, n: int, alpha: float = 0.05) -> float:
    """Probability that the two-sided paired t test at level alpha shows a difference.

        P(|T| > t_c),   t_c = t_(1 - alpha/2, n - 1)

    T has the noncentral t distribution with n - 1 degrees of freedom and noncentrality
    d = effect * sqrt(n) (Cohen, "Statistical power analysis", 1988, chapter 2). Given the standard
    deviation s of the sample in units of the true one, that is Phi(d - t_c s) + Phi(-d - t_c s),
    which is averaged over the quantiles of s: scipy's noncentral t is not a number for few seeds
    and many tests.

    Args:
        effect: mean difference divided by the standard deviation of the differences.
        n: number of pairs, at least 2.
    """
    shift, critical = abs(effect) * math.sqrt(n), special.stdtrit(n - 1, 1 - alpha / 2)
    s_Q = _spreads(n)
    return float(
        np.mean(special.ndtr(shift - critical * s_Q) + special.ndtr(-shift - critical * s_Q))
    )


def seeds_needed(effect: float, alpha: float = 0.05, wanted: float = POWER) -> int | None:
    """The fewest pairs with the wanted power, at least 3; None if more than 1,000 are needed."""
    if not math.isfinite(effect):
        return 3
    low, high = 2, MOST_SEEDS
    if effect == 0 or power(effect, high, alpha) < wanted:
        return None
    while high - low > 1:  # Power grows with n.
        middle = (low + high) // 2
        low, high = (low, middle) if power(effect, middle, alpha) >= wanted else (middle, high)
    return high


def detectable(std: float, n: int, alpha: float = 0.05, wanted: float = POWER) -> float:
    """The smallest mean difference that n pairs show with the wanted power.

    Args:
        std: standard deviation of the differences.
    """
    high = 1.0
    while power(high, n, alpha) < wanted:
        high *= 2
    return std * float(optimize.brentq(lambda e: power(e, n, alpha) - wanted, 0.0, high))


@functools.cache
def _spreads(n: int) -> np.ndarray:
    """Quantiles of the standard deviation of n normal values, in units of the true one."""
    return np.sqrt(special.chdtri(n - 1, QUANTILES) / (n - 1))
