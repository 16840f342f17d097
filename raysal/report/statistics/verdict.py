"""The verdict on every pair of strategies, from one number per strategy and seed."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, replace

import numpy as np

from raysal.report.statistics.holm import holm
from raysal.report.statistics.paired import (
    bootstrap_interval,
    moments,
    t_interval,
    t_test,
    wilcoxon,
)
from raysal.report.statistics.power import detectable, seeds_needed

ALPHA = 0.05
"""Probability of calling any pair different wrongly, over all pairs of a comparison."""
FEWEST_SEEDS = 3
"""With two, the spread of differences is as good as unknown: there is no verdict."""


@dataclass(frozen=True)
class Pair:
    """Two strategies over the seeds that both have; numbers are of first minus second.

    Attributes:
        first, second: number of the strategies.
        n: number of seeds; below 3, the attributes that follow `mean` are None.
        mean: difference; None without common seeds.
        std: of the differences, in the sample (n - 1).
        low, high: 95 % interval of the mean difference by Student's t, of this pair alone.
        bootstrap: the same by resampling; None for fewer than 5 seeds.
        p: of the paired t test.
        p_holm: adjusted for all pairs that are tested.
        p_wilcoxon: of the signed-rank test, to compare; it decides nothing.
        needed: seeds that would show a difference as large as the one seen with a power of 0.8, at
            the level of ALPHA divided by the number of pairs, at which Holm's method begins; None
            if more than 1,000.
        detectable: the smallest difference that `n` seeds would show so.
    """

    first: int
    second: int
    n: int
    mean: float | None
    std: float | None = None
    low: float | None = None
    high: float | None = None
    bootstrap: tuple[float, float] | None = None
    p: float | None = None
    p_holm: float | None = None
    p_wilcoxon: float | None = None
    needed: int | None = None
    detectable: float | None = None

    @property
    def tested(self) -> bool:
        """Whether there are enough seeds for a verdict."""
        return self.p is not None

    @property
    def differs(self) -> bool:
        """Whether the difference is shown."""
        return self.p_holm is not None and self.p_holm <= ALPHA

    @property
    def better(self) -> int | None:
        """The strategy that is shown to be better; None if neither is."""
        if not self.differs or self.mean is None:
            return None
        return self.first if self.mean > 0 else self.second


def judge(value_SN: np.ndarray) -> tuple[Pair, ...]:
    """The verdict on each pair of strategies, first before second, in order.

    Args:
        value_SN: such as the area under the learning curve; the same column is the same seed and
            the same initial labels. NaN where a strategy has no run.
    """
    pairs = []
    for first, second in itertools.combinations(range(len(value_SN)), 2):
        difference_N = value_SN[first] - value_SN[second]
        difference_N = difference_N[np.isfinite(difference_N)]
        n = len(difference_N)
        if n < FEWEST_SEEDS:
            pairs.append(Pair(first, second, n, float(difference_N.mean()) if n else None))
            continue
        mean, std = moments(difference_N)
        low, high = t_interval(difference_N)
        p = t_test(difference_N)
        pairs.append(Pair(first, second, n, mean, std, low, high, p=p))
    tested = [place for place, pair in enumerate(pairs) if pair.p is not None]
    adjusted = holm(np.array([pairs[place].p for place in tested], float))
    for place, p_holm in zip(tested, adjusted, strict=True):
        pairs[place] = replace(pairs[place], p_holm=float(p_holm))
    return tuple(pairs)


def explain(pair: Pair, value_SN: np.ndarray, tested: int) -> Pair:
    """A tested pair with what explains its verdict, and changes nothing of it.

    Args:
        tested: number of pairs that are tested.
    """
    if pair.mean is None or pair.std is None:
        return pair
    difference_N = value_SN[pair.first] - value_SN[pair.second]
    difference_N = difference_N[np.isfinite(difference_N)]
    alpha = ALPHA / tested
    effect = math.inf if pair.std == 0 else pair.mean / pair.std
    return replace(
        pair,
        bootstrap=bootstrap_interval(difference_N),
        p_wilcoxon=wilcoxon(difference_N),
        needed=seeds_needed(effect, alpha) if pair.mean else None,
        detectable=detectable(pair.std, pair.n, alpha),
    )
