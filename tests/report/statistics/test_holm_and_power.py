"""Holm's correction and the power of the paired t test, against worked examples."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from raysal.report.statistics.holm import holm
from raysal.report.statistics.power import detectable, power, seeds_needed


def test_holm_by_hand() -> None:
    # 0.01 * 4; 0.02 * 3; 0.03 * 2; 0.04 * 1, but not below the one before.
    assert holm(np.array([0.03, 0.01, 0.04, 0.02])) == pytest.approx([0.06, 0.04, 0.06, 0.06])
    assert holm(np.array([0.5, 0.9])) == pytest.approx([1, 1])
    assert holm(np.array([])).size == 0


@pytest.mark.parametrize(("effect", "n", "alpha"), [(1.5, 5, 0.05), (0.5, 34, 0.05), (2, 8, 0.003)])
def test_power_is_that_of_the_noncentral_t(effect: float, n: int, alpha: float) -> None:
    critical, shift = stats.t.isf(alpha / 2, n - 1), effect * np.sqrt(n)
    known = stats.nct.sf(critical, n - 1, shift) + stats.nct.cdf(-critical, n - 1, shift)
    assert power(effect, n, alpha) == pytest.approx(known, abs=1e-4)


def test_seeds_needed_as_in_textbooks() -> None:
    # Cohen (1988) and G*Power: 34 pairs for a medium effect of 0.5, 15 for 0.8.
    assert [seeds_needed(effect) for effect in (0.5, 0.8)] == [34, 15]
    assert seeds_needed(-0.5) == 34
    assert seeds_needed(0.01) is None
    assert seeds_needed(float("inf")) == 3


@pytest.mark.parametrize("n", [3, 5, 20])
def test_what_is_detectable_is_shown_four_times_in_five(n: int) -> None:
    least = detectable(2.0, n, 0.05 / 15)
    assert power(least / 2.0, n, 0.05 / 15) == pytest.approx(0.8)
