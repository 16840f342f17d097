"""How finely scores are compared: to 17 significant bits, so that rounding errors decide nothing.

Batch size and number of threads change the order in which a network sums, and so a score, mostly by
3e-7 of its size and seldom by more than 1e-6 (measured in float32). Scores that differ by less than
about 1e-5 of their size are tied, so that duplicates in the pool are ordered by id. This is
relative, so that tiny scores, such as the entropies of a network that is sure of nearly everything,
are told apart as well as large ones.

A score that may be negative is a difference of terms of about 1, whose errors do not shrink with
it. `on_a_grid` rounds such scores to multiples of 2^-17 first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import numpy as np

if TYPE_CHECKING:
    from torch import Tensor

BITS = 17
# Larger numbers are all tied; their products below would overflow.
LARGEST = 2.0**980
# Veltkamp's splitting constant: x·c - (x·c - x) is x without the lower bits of a float64.
_SPLIT = 2.0 ** (53 - BITS) + 1

X = TypeVar("X", float, np.ndarray, "Tensor")


def rounded(x: X) -> X:
    """Float64 numbers up to `LARGEST`, to `BITS` significant bits; the order stays."""
    product = x * _SPLIT
    return product - (product - x)


def level(score: float) -> float:
    """What a finite score is ranked by."""
    return rounded(max(-LARGEST, min(LARGEST, score)))


def levels(scores_N: np.ndarray) -> np.ndarray:
    """(N,) float64: the same for each of N finite scores."""
    return rounded(np.clip(scores_N.astype(np.float64), -LARGEST, LARGEST))


def on_a_grid(scores_B: Tensor) -> Tensor:
    """(B,) float64 multiples of 2^-`BITS`."""
    return (scores_B.double() * 2.0**BITS).round() / 2.0**BITS
