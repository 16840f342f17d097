"""Test and intervals for the mean of paired differences.

With a few seeds, the paired t test is the one that can decide anything. Wilcoxon's signed-rank test
makes no assumption on the distribution, but with N pairs it cannot fall below p = 2^(1 - N): 0.0625
for 5 seeds, and after Holm's correction for 15 pairs of strategies it needs 10 seeds. The t test
assumes that differences between seeds are normally distributed; the tests of this module measure
its error rate also for skewed and heavy-tailed ones.
"""

from __future__ import annotations

import warnings

import numpy as np
from scipy import special, stats

LEVEL = 0.95
"""Coverage of intervals."""
FEWEST_FOR_BOOTSTRAP = 5
"""With fewer pairs, the bootstrap cannot reach 95 %: no interval of it is longer than the range of
the differences, which misses the median with probability 2^(1 - N)."""
RESAMPLES = 9999


def t_test(difference_N: np.ndarray) -> float:
    """Two-sided p of the paired t test that the mean difference is 0 (Student, 1908).

        t = mean / (s / sqrt(N)), with N - 1 degrees of freedom; s with N - 1 in its denominator

    If all differences are equal, t is undefined. The result is then that of the sign test:
    2^(1 - N), or 1 if they are 0.

    Args:
        difference_N: N >= 2 differences.
    """
    n, (mean, std) = len(difference_N), moments(difference_N)
    if std <= 1e-12 * max(1.0, abs(mean)):
        return 1.0 if abs(mean) <= 1e-12 else 2.0 ** (1 - n)
    return float(2 * special.stdtr(n - 1, -abs(mean) / (std / np.sqrt(n))))


def t_interval(difference_N: np.ndarray) -> tuple[float, float]:
    """95 % interval of the mean difference: mean ± t_(0.975, N - 1) s / sqrt(N).

    It contains 0 exactly if p of `t_test` is above 0.05.
    """
    n, (mean, std) = len(difference_N), moments(difference_N)
    half = float(special.stdtrit(n - 1, (1 + LEVEL) / 2)) * std / np.sqrt(n)
    return mean - half, mean + half


def bootstrap_interval(difference_N: np.ndarray) -> tuple[float, float] | None:
    """95 % percentile interval of the mean difference by resampling seeds; None for N < 5.

    Plain percentile intervals of few values are too short, because a resample has the variance
    (N - 1) / N s² and its quantiles are those of a normal distribution, not of t. Expanded ones
    (Hesterberg, "What teachers should know about the bootstrap", The American Statistician 69,
    2015, section 5.3) take the quantiles at

        a / 2 = Phi(-sqrt(N / (N - 1)) t_(0.975, N - 1))

    instead of 0.025. The seed of the resamples is fixed.
    """
    n = len(difference_N)
    if n < FEWEST_FOR_BOOTSTRAP:
        return None
    if np.ptp(difference_N) == 0:
        return float(difference_N[0]), float(difference_N[0])
    quantile = special.stdtrit(n - 1, (1 + LEVEL) / 2)
    tail = float(special.ndtr(-np.sqrt(n / (n - 1)) * quantile))
    found = stats.bootstrap(
        (difference_N,),
        np.mean,
        n_resamples=RESAMPLES,
        confidence_level=1 - 2 * tail,
        method="percentile",
        random_state=np.random.default_rng(0),
    ).confidence_interval
    return float(found.low), float(found.high)


def wilcoxon(difference_N: np.ndarray) -> float | None:
    """Two-sided p of Wilcoxon's signed-rank test (Wilcoxon, 1945); None if all differences are 0.

    Exact without ties and zeros, else scipy's approximation.
    """
    if not np.any(difference_N):
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # That the sample is small for the approximation.
        return float(stats.wilcoxon(difference_N).pvalue)


def least_wilcoxon(n: int) -> float:
    """The smallest p that `wilcoxon` can have for N pairs: 2^(1 - N)."""
    return 2.0 ** (1 - n)


def moments(difference_N: np.ndarray) -> tuple[float, float]:
    """Mean, and standard deviation of the sample (N - 1)."""
    return float(np.mean(difference_N)), float(np.std(difference_N, ddof=1))
