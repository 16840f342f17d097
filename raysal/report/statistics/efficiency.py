"""Label efficiency: the share of a rival's labels with which a strategy is as good."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from raysal.report.statistics.curves import first_reached

RESAMPLES = 2000
FEWEST_FOR_INTERVAL = 3


@dataclass(frozen=True)
class Efficiency:
    """Cost that a strategy needs to be as good as its rival is at the end, divided by the cost that
    the rival needed for it.

    Attributes:
        share: infinite if it never is as good.
        low, high: 95 % percentile interval over resampled seeds; `high` may be infinite. None for
            fewer than 3 seeds.
    """

    share: float
    low: float | None
    high: float | None


def label_efficiency(
    cost_NR: np.ndarray, value_NR: np.ndarray, rival_cost_NR: np.ndarray, rival_NR: np.ndarray
) -> Efficiency:
    """Label efficiency on mean curves over N seeds, both over the same seeds.

    The target is the rival's value at its last round, and both costs are those at which a curve
    first reaches it (as Mittal et al., "Parting with illusions about deep active learning", 2019,
    read curves: at equal accuracy, not at equal budgets). Seeds are resampled together with their
    curves; the seed of the resamples is fixed.
    """
    n = len(cost_NR)
    rng = np.random.default_rng(0)
    draw_BN = np.concatenate([np.arange(n)[None], rng.integers(0, n, (RESAMPLES, n))])
    cost_BR, rival_cost_BR = cost_NR[draw_BN].mean(1), rival_cost_NR[draw_BN].mean(1)
    rival_BR = rival_NR[draw_BN].mean(1)
    target_B = rival_BR[:, -1]
    needs_B = first_reached(cost_BR, value_NR[draw_BN].mean(1), target_B)
    share_B = needs_B / first_reached(rival_cost_BR, rival_BR, target_B)
    low = high = None
    if n >= FEWEST_FOR_INTERVAL:
        # "lower" and "higher" do not interpolate, which infinite shares do not allow.
        low = float(np.quantile(share_B[1:], 0.025, method="lower"))
        high = float(np.quantile(share_B[1:], 0.975, method="higher"))
    return Efficiency(float(share_B[0]), low, high)
