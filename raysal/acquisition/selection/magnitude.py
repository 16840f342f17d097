"""Features of any size that float32 holds, scaled so that squares neither overflow nor vanish.

Scales are powers of two, which change no digit of a number, so that distances between features of
the usual size come out as without them.

Axes in names: N vectors, D features.
"""

from __future__ import annotations

import math

import numpy as np

# Features up to 2^40, and down to 2^-40, are left as they are.
USUAL = 40


def exponent_of(vectors_ND: np.ndarray) -> int:
    """e of the scale 2^-e that brings the largest feature near 1; 0 if it is of the usual size."""
    largest = float(np.abs(vectors_ND).max(initial=0))
    exponent = math.frexp(largest)[1]
    return exponent if largest and abs(exponent) > USUAL else 0


def usual_rows(vectors_ND: np.ndarray) -> np.ndarray:
    """(N, D): vectors with the same directions, each of the usual size or zero."""
    largest_N = np.abs(vectors_ND).max(axis=1, initial=0)
    exponent_N = np.frexp(largest_N)[1]
    exponent_N[np.abs(exponent_N) <= USUAL] = 0
    return np.ldexp(vectors_ND, -exponent_N[:, None]) if exponent_N.any() else vectors_ND
