"""Error rate and power of the verdict on simulated learning curves."""

from __future__ import annotations

import numpy as np
import pytest

from raysal.report.statistics.curves import area
from raysal.report.statistics.power import power
from raysal.report.statistics.verdict import explain, judge

DRAWS = 1000
COST = np.array([40.0, 60.0, 80.0, 100.0, 120.0])
NOISE = 0.8
"""Standard deviation of the mIoU of one round, in points."""


def curves(rng: np.random.Generator, gain_S: np.ndarray, seeds: int) -> np.ndarray:
    """(S, N, R) curves: a power law, the luck of a seed's initial labels, which all strategies
    share, and noise; strategies add `gain_S` in every round."""
    mean_R = 65 - 180 * COST**-0.6
    luck_N1 = rng.normal(0, 2.0, (seeds, 1))
    noise_SNR = rng.normal(0, NOISE, (len(gain_S), seeds, len(COST)))
    return mean_R + luck_N1 + noise_SNR + gain_S[:, None, None]


def areas(curves_SNR: np.ndarray) -> np.ndarray:
    return np.array([[area(COST, curve, 40, 120) for curve in runs] for runs in curves_SNR])


@pytest.mark.parametrize("seeds", [3, 5])
def test_equal_strategies_are_rarely_called_different(seeds: int) -> None:
    """Of 1,000 comparisons of 4 equal strategies, at most 6 % call any pair different, and at most
    6 % of the single pairs fall below 0.05 before Holm's correction."""
    rng = np.random.default_rng(1)
    verdicts = [judge(areas(curves(rng, np.zeros(4), seeds))) for _ in range(DRAWS)]
    assert np.mean([any(pair.differs for pair in pairs) for pairs in verdicts]) <= 0.06
    assert np.mean([(pair.p or 1) <= 0.05 for pairs in verdicts for pair in pairs]) <= 0.06


@pytest.mark.parametrize(("effect", "seeds"), [(1.2, 5), (0.8, 10)])
def test_power_is_that_of_theory(effect: float, seeds: int) -> None:
    """A difference of `effect` standard deviations of the differences is shown as often as power
    says, within 5 points."""
    weights_R = np.array([0.125, 0.25, 0.25, 0.25, 0.125])
    std = NOISE * np.sqrt(2 * np.sum(weights_R**2))
    rng, gains = np.random.default_rng(2), np.array([effect * std, 0.0])
    verdicts = [judge(areas(curves(rng, gains, seeds)))[0] for _ in range(DRAWS)]
    assert all(pair.better in (None, 0) for pair in verdicts)
    shown = np.mean([pair.differs for pair in verdicts])
    assert shown == pytest.approx(power(effect, seeds), abs=0.05)


def test_two_seeds_give_no_verdict() -> None:
    (pair,) = judge(np.array([[9.0, 9.1], [1.0, 1.1]]))
    assert (pair.tested, pair.differs, pair.better, pair.n) == (False, False, None, 2)
    assert pair.mean == pytest.approx(8)


def test_missing_runs_leave_out_their_seeds() -> None:
    values = np.array([[60.0, 61, 63, 62], [50, 51.5, 52, np.nan], [np.nan, np.nan, np.nan, 50]])
    one, other, last = judge(values)
    assert (one.n, one.better, one.p_holm) == (3, 0, one.p)  # Holm over the one that is tested.
    assert (other.n, other.mean, other.tested) == (1, 12, False)
    assert (last.n, last.mean) == (0, None)


def test_what_explains_a_verdict() -> None:
    values = np.array([[60.0, 61, 63, 62, 60.4], [59.0, 61.5, 62, 61, 60.2]])
    (pair,) = judge(values)
    assert not pair.differs
    pair = explain(pair, values, 1)
    assert pair.needed is not None
    assert pair.needed > 5
    assert pair.detectable is not None
    assert pair.mean is not None
    assert pair.detectable > pair.mean
    assert pair.bootstrap is not None
    assert pair.bootstrap[0] < pair.mean < pair.bootstrap[1]
