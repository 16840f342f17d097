"""The paired test and its intervals: against scipy, and their coverage."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from raysal.report.statistics.paired import (
    bootstrap_interval,
    least_wilcoxon,
    t_interval,
    t_test,
    wilcoxon,
)


def test_as_scipy_computes_it() -> None:
    d = np.array([0.4, -0.2, 1.1, 0.9, 0.3])
    known = stats.ttest_1samp(d, 0)
    assert t_test(d) == pytest.approx(known.pvalue)
    interval = known.confidence_interval(0.95)
    assert t_interval(d) == pytest.approx((interval.low, interval.high))


def test_equal_differences_count_as_signs() -> None:
    assert t_test(np.full(5, 0.7)) == 2**-4
    assert t_test(np.zeros(5)) == 1
    assert bootstrap_interval(np.full(5, 0.7)) == (0.7, 0.7)
    assert wilcoxon(np.zeros(5)) is None


def test_wilcoxon_cannot_show_anything_with_five_pairs() -> None:
    assert wilcoxon(np.arange(1.0, 6)) == pytest.approx(0.0625) == least_wilcoxon(5)


def test_no_bootstrap_of_four_values() -> None:
    assert bootstrap_interval(np.arange(4.0)) is None


@pytest.mark.parametrize("kind", ["normal", "heavy", "skewed"])
def test_how_often_equal_strategies_are_called_different(kind: str) -> None:
    """With symmetric differences at most 6 %, also with heavy tails; with skewed ones (which a
    difference of two alike strategies is not) about 12 %."""
    rng = np.random.default_rng(0)
    draws = {
        "normal": rng.normal(size=(2000, 5)),
        "heavy": rng.standard_t(3, (2000, 5)),
        "skewed": rng.exponential(size=(2000, 5)) - 1,
    }[kind]
    rate = np.mean([t_test(d) <= 0.05 for d in draws])
    assert rate < (0.14 if kind == "skewed" else 0.06)


@pytest.mark.parametrize(("n", "least"), [(5, 0.88), (10, 0.92)])
def test_coverage_of_the_bootstrap(n: int, least: float) -> None:
    """Plain percentile intervals cover the mean of 5 normal values in about 84 % of draws."""
    draws = np.random.default_rng(0).normal(size=(150, n))
    found = [interval for d in draws if (interval := bootstrap_interval(d)) is not None]
    covered = np.mean([low <= 0 <= high for low, high in found])
    assert least <= covered <= 0.99
    plain = np.mean([low <= 0 <= high for low, high in map(_plain, draws)])
    assert plain < covered


def _plain(d: np.ndarray) -> tuple[float, float]:
    draws = np.random.default_rng(0).integers(0, len(d), (2000, len(d)))
    low, high = np.quantile(d[draws].mean(1), (0.025, 0.975))
    return float(low), float(high)
