"""Many tests at once."""

from __future__ import annotations

import numpy as np


def holm(p_M: np.ndarray) -> np.ndarray:
    """(M,) p adjusted by Holm's step-down method.

    Whoever calls different what has an adjusted p of at most 0.05 calls any of M tests wrongly
    different with probability 5 % at most, however they depend on each other. With p_(1) <= ... <=
    p_(M):

        adjusted p_(i) = max over j <= i of min(1, (M - j + 1) p_(j))

    S. Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of
    Statistics 6, 1979.
    """
    count = len(p_M)
    order = np.argsort(p_M, kind="stable")
    steps = np.minimum(1.0, p_M[order] * (count - np.arange(count)))
    adjusted_M = np.empty(count)
    adjusted_M[order] = np.maximum.accumulate(steps) if count else steps
    return adjusted_M
