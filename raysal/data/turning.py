"""Turning arrays and windows as an EXIF or TIFF orientation says (1 is upright, to 8)."""

from __future__ import annotations

import numpy as np

Window = tuple[int, int, int, int]
"""Row, column, height and width in pixels."""
SWAPS = (5, 6, 7, 8)


def turned(stored: np.ndarray, orientation: int) -> np.ndarray:
    """A stored (y, x, ...) array as it is shown: (H, W, ...)."""
    if orientation == 2:
        return stored[:, ::-1]
    if orientation == 3:
        return stored[::-1, ::-1]
    if orientation == 4:
        return stored[::-1]
    if orientation == 5:
        return stored.swapaxes(0, 1)
    if orientation == 6:
        return np.rot90(stored, -1)
    if orientation == 7:
        return stored[::-1, ::-1].swapaxes(0, 1)
    if orientation == 8:
        return np.rot90(stored, 1)
    return stored


def shown_size(size: tuple[int, int], orientation: int) -> tuple[int, int]:
    """(height, width) as shown, of the stored ones."""
    return size[::-1] if orientation in SWAPS else size


def stored_window(window: Window, size: tuple[int, int], orientation: int) -> Window:
    """Where a window of the shown image lies in the stored one, whose (height, width) is `size`."""
    row, col, height, width = window
    if orientation in SWAPS:
        row, col, height, width = col, row, width, height
    # Rows run backwards where the stored first row is shown last, at the bottom or at the right.
    if orientation in (3, 4, 6, 7):
        row = size[0] - row - height
    if orientation in (2, 3, 7, 8):
        col = size[1] - col - width
    return row, col, height, width
