"""Power laws: known curves are found again, and intervals cover what comes."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import optimize

from raysal.report.statistics.power_law import fit, too_few

COST = 40 + 20.0 * np.arange(6)
DRAWS = 250


def curve(cost: np.ndarray, b: float = 180, c: float = 0.6) -> np.ndarray:
    return 65 - b * cost**-c


def test_a_curve_without_noise_is_found_again() -> None:
    law = fit(COST, curve(COST)[None])
    assert law is not None
    assert law.a == pytest.approx(65, abs=0.3)
    assert law.c == pytest.approx(0.6, abs=0.02)
    far = np.array([200.0, 400.0])
    assert law.at(far) == pytest.approx(curve(far), abs=0.1)
    low, high = law.band(far)
    assert np.all(high - low < 0.5)


def test_it_fits_as_well_as_scipy() -> None:
    values = curve(COST) + np.random.default_rng(3).normal(0, 0.5, len(COST))
    law = fit(COST, values[None])
    assert law is not None
    (a, b, c), _ = optimize.curve_fit(
        lambda x, a, b, c: a - b * x**-c, COST, values, (65, 100, 0.5), maxfev=20_000
    )
    best = np.sum((a - b * COST**-c - values) ** 2)
    assert np.sum((law.at(COST) - values) ** 2) <= best * 1.02


@pytest.mark.parametrize(("b", "c"), [(180, 0.6), (2000, 1.3)])
@pytest.mark.parametrize(("runs", "rounds"), [(1, 5), (5, 4), (3, 7)])
def test_intervals_cover_the_next_rounds(b: float, c: float, runs: int, rounds: int) -> None:
    """The mean of the runs in the next, the second next and the fifth next round lies in the 95 %
    interval in 92 to 98 of 100 draws."""
    rng = np.random.default_rng(5)
    cost = 40 + 20.0 * np.arange(rounds)
    ahead = cost[-1] + np.array([20.0, 40.0, 100.0])
    covered = np.zeros(3)
    for _ in range(DRAWS):
        luck = rng.normal(0, 2, (runs, 1))
        seen = curve(cost, b, c) + luck + rng.normal(0, 0.8, (runs, rounds))
        comes = (curve(ahead, b, c) + luck + rng.normal(0, 0.8, (runs, 3))).mean(0)
        law = fit(cost, seen)
        assert law is not None
        low, high = law.band(ahead)
        covered += (low <= comes) & (comes <= high)
    assert np.all(covered / DRAWS >= 0.92)
    assert covered.mean() / DRAWS <= 0.98


def test_a_curve_that_falls_is_taken_to_be_flat() -> None:
    law = fit(COST, np.array([[60.0, 59, 59.5, 58, 58.5, 58]]))
    assert law is not None
    assert law.b == 0
    assert law.at(np.array([500.0])) == pytest.approx([58.83], abs=0.01)


def test_too_few_rounds() -> None:
    assert fit(COST[:3], np.ones((5, 3))) is None
    assert [too_few(1, rounds) for rounds in (4, 5)] == [True, False]
    assert [too_few(2, rounds) for rounds in (3, 4)] == [True, False]
