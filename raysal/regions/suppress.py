"""Non-maximum suppression: the best windows of one image that do not overlap."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np


def suppress(
    response_PP: np.ndarray, window: tuple[int, int], floor: float = 0.0, spend: bool = False
) -> Iterator[tuple[int, int, float]]:
    """(row, col, score) of windows in order of score, each disjoint from those before it.

    Takes the largest response, excludes every position closer than a window's side along both
    axes, and repeats while the largest exceeds `floor`. Ties are taken in row-major order.

    Args:
        response_PP: response at every position.
        window: (height, width) of the windows in pixels.
        spend: `response_PP` may be overwritten, which saves the memory of a copy.
    """
    remaining_PP = response_PP if spend else response_PP.copy()
    height, width = window
    # Row maxima are cached, so that a pick searches only its own rows again.
    best_col_P = remaining_PP.argmax(1)
    best_P = remaining_PP[np.arange(len(remaining_PP)), best_col_P]
    while True:
        row = int(best_P.argmax())
        score = float(best_P[row])
        if not score > floor:
            return
        col = int(best_col_P[row])
        yield row, col, score
        rows = slice(max(0, row - height + 1), row + height)
        remaining_PP[rows, max(0, col - width + 1) : col + width] = -np.inf
        best_col_P[rows] = remaining_PP[rows].argmax(1)
        best_P[rows] = np.take_along_axis(remaining_PP[rows], best_col_P[rows, None], 1)[:, 0]
