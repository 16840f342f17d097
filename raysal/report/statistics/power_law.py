"""Power law of a learning curve, its forecast, and the cost at which it reaches a value.

    f(x) = a - b x^(-c),   b >= 0

Learning curves follow it well (Cortes et al., "Learning curves: asymptotic values and rate of
convergence", NIPS 1993; Mahmood et al., "How much more data do I need?", CVPR 2022, compare it with
others). With a handful of rounds, many (a, b, c) fit alike; an interval from the covariance of one
of them would be far too short where the curve is extended. So all exponents are tried, each with
the a and b that fit it best, and an interval is what those together allow that the data do not rule
out (profile likelihood; Bates & Watts, "Nonlinear Regression Analysis", 1988, section 6.1).

Axes in names: R rounds, E exponents, X costs.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special

LEVEL = 0.95
FEWEST_ROUNDS = 4
FEWEST_DEGREES = 2
"""Degrees of freedom of the noise; with one, an interval is as good as everything."""
EXPONENTS = np.geomspace(0.02, 4.0, 160)
"""From as good as a logarithm to levelling off after a round or two."""
PARAMETERS = 3


@dataclass(frozen=True)
class PowerLaw:
    """A fitted power law of mean mIoU in percent.

    Attributes:
        a, b, c: of the best fit, for costs in units of `scale`.
        std: standard deviation of a round's mean about the curve.
        degrees: of freedom of `std`.
    """

    a: float
    b: float
    c: float
    scale: float
    std: float
    degrees: int
    _cost_R: np.ndarray
    _value_R: np.ndarray

    def at(self, cost_X: np.ndarray) -> np.ndarray:
        """(X,) values of the curve."""
        return self.a - self.b * (np.asarray(cost_X, float) / self.scale) ** -self.c

    def band(self, cost_X: np.ndarray, new_round: bool = True) -> tuple[np.ndarray, np.ndarray]:
        """(X,) ends of the 95 % interval, cut to 0 .. 100.

        A value y at x is in it if a curve through y fits the rounds not significantly worse than
        the best one: for an exponent c with sum of squares S_c, prediction f_c and leverage h_c,

            S_c + (y - f_c)² / (h_c + 1) <= S + t² std²     (h_c without 1 for the curve itself)

        Args:
            new_round: of what a round at this cost will measure; otherwise of the curve.
        """
        cost_X = np.asarray(cost_X, float)
        squares_E, predicted_EX, leverage_EX = _fits(
            self._cost_R / self.scale, self._value_R, cost_X / self.scale
        )
        quantile = special.stdtrit(self.degrees, (1 + LEVEL) / 2)
        room_E = (quantile * self.std) ** 2 - (squares_E - squares_E.min())
        half_EX = np.sqrt(np.maximum(room_E, 0)[:, None] * (leverage_EX + new_round))
        kept_E = room_E >= 0
        low_X = (predicted_EX - half_EX)[kept_E].min(0)
        high_X = (predicted_EX + half_EX)[kept_E].max(0)
        return np.clip(low_X, 0, 100), np.clip(high_X, 0, 100)


def fit(cost_R: np.ndarray, value_NR: np.ndarray) -> PowerLaw | None:
    """Fit the mean over runs; None if there are too few rounds, see `too_few`.

    The noise is estimated from both the distances of the means to the curve and the differences
    between runs that are left without the mean of each run and each round: with N runs and R rounds
    it has R - 3 + (N - 1)(R - 1) degrees of freedom. The luck of a run's initial labels, which
    lifts its whole curve, is no noise here: the forecast is for these runs.

    Args:
        cost_R: ascending, above 0.
        value_NR: mIoU in percent of each run, all over the same rounds.
    """
    if too_few(*value_NR.shape):
        return None
    n, rounds = value_NR.shape
    value_R = value_NR.mean(0)
    scale = float(cost_R[-1])
    squares_E, _, _ = _fits(cost_R / scale, value_R, np.ones(1))
    best = int(squares_E.argmin())
    c = float(EXPONENTS[best])
    a, b = _line((cost_R / scale) ** -c, value_R)
    residual_NR = value_NR - value_NR.mean(1, keepdims=True) - value_R + value_NR.mean()
    degrees = _degrees(n, rounds)
    variance = (squares_E[best] + np.sum(residual_NR**2) / n) / degrees
    std = max(float(np.sqrt(variance)), 1e-9)
    return PowerLaw(a, b, c, scale, std, degrees, cost_R, value_R)


def too_few(runs: int, rounds: int) -> bool:
    """Whether there are too few rounds to fit: 4 are needed, or 5 of a single run."""
    return rounds < FEWEST_ROUNDS or _degrees(runs, rounds) < FEWEST_DEGREES


def _degrees(runs: int, rounds: int) -> int:
    return rounds - PARAMETERS + (runs - 1) * (rounds - 1)


def _line(power_R: np.ndarray, value_R: np.ndarray) -> tuple[float, float]:
    """a and b >= 0 of a - b p with the least squares."""
    p, y = power_R - power_R.mean(), value_R - value_R.mean()
    b = max(0.0, float(-(p @ y) / (p @ p)))
    return float(value_R.mean() + b * power_R.mean()), b


def _fits(
    cost_R: np.ndarray, value_R: np.ndarray, at_X: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(E,) sum of squares of the best curve of each exponent, (E, X) its values, (E, X) leverage.

    A curve that would fall is flat instead.
    """
    power_ER, power_EX = cost_R ** -EXPONENTS[:, None], at_X ** -EXPONENTS[:, None]
    mean_E1 = power_ER.mean(1, keepdims=True)
    p_ER, y_R = power_ER - mean_E1, value_R - value_R.mean()
    spread_E = np.sum(p_ER**2, 1)
    slope_E = np.minimum(0.0, p_ER @ y_R / spread_E)
    squares_E = np.sum((y_R - slope_E[:, None] * p_ER) ** 2, 1)
    predicted_EX = value_R.mean() + slope_E[:, None] * (power_EX - mean_E1)
    leverage_EX = 1 / len(cost_R) + (power_EX - mean_E1) ** 2 / spread_E[:, None]
    return squares_E, predicted_EX, leverage_EX
