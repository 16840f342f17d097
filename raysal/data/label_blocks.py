"""A label map of a scene, compressed in blocks, of which windows are read.

Label maps are almost flat, and what nobody has labelled takes no memory, so that a map of 10,000 x
10,000 pixels takes some megabytes at most instead of a hundred.
"""

from __future__ import annotations

import zlib

import numpy as np

from raysal.data.decode import IGNORE

SIDE = 256
"""Of a block, in pixels."""


class LabelBlocks:
    """Class ids, uint8 (H, W), 255 unknown."""

    def __init__(self, label_HW: np.ndarray) -> None:
        self.shape = (label_HW.shape[0], label_HW.shape[1])
        self._blocks: dict[tuple[int, int], bytes] = {}
        for row in range(0, self.shape[0], SIDE):
            for col in range(0, self.shape[1], SIDE):
                block = label_HW[row : row + SIDE, col : col + SIDE]
                if (block != IGNORE).any():
                    packed = zlib.compress(np.ascontiguousarray(block).tobytes(), 1)
                    self._blocks[row // SIDE, col // SIDE] = packed

    @property
    def nbytes(self) -> int:
        """Memory that the labels take."""
        return sum(map(len, self._blocks.values()))

    def window(self, rows: slice, cols: slice) -> np.ndarray:
        """uint8 (h, w): a part of the map."""
        out = np.full((rows.stop - rows.start, cols.stop - cols.start), IGNORE, np.uint8)
        for down in range(rows.start // SIDE, -(-rows.stop // SIDE)):
            for across in range(cols.start // SIDE, -(-cols.stop // SIDE)):
                packed = self._blocks.get((down, across))
                if packed is None:
                    continue
                top, left = down * SIDE, across * SIDE
                high, wide = min(SIDE, self.shape[0] - top), min(SIDE, self.shape[1] - left)
                block = np.frombuffer(zlib.decompress(packed), np.uint8).reshape(high, wide)
                first, last = max(top, rows.start), min(top + high, rows.stop)
                begin, end = max(left, cols.start), min(left + wide, cols.stop)
                part = out[first - rows.start : last - rows.start]
                part[:, begin - cols.start : end - cols.start] = (
                    block[first - top : last - top, begin - left : end - left]
                )  # fmt: skip
        return out
