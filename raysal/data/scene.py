"""A large image of which windows are read, without the whole in memory where that is possible.

A window at the working size is what the same window of the whole resized image would be: the part
of the image that it is computed from is read, and resized with the place of the window in it as a
box. (Positions are sums of the same numbers in another order, so that an 8-bit value may differ by
1, rarely.)

Of a TIFF in tiles or strips, only those in the window are decoded. Other files, and TIFFs that are
one large strip, are decoded once, and the whole is held at its own size, in its own 8 or 16 bits.
Axes in names: H W pixels, D channels.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from raysal.data.channels import check_channels, describe, fitted, read_stored, to_unit
from raysal.data.decode import decode_image, read_window, resize_image
from raysal.data.opening import MAX_MEGAPIXELS, check_megapixels
from raysal.data.pixel_format import RGB, PixelFormat
from raysal.data.tiff import has_windows
from raysal.data.tiles import Tile, Tiling
from raysal.data.turning import Window

CHECKED = 1 << 23
BAND = 1 << 26
"""Numbers of the image that are read at a time: rows over its whole width if they are fewer."""


class Scene:
    """An image at a working size, read by windows.

    Args:
        source: an image file, its bytes, or decoded pixels at its own size: uint8 (H, W, 3), or
            float32 (H, W, D) in 0..1; see `decode_image`.
        size: (height, width) to which the whole is resized; None for its own.
        max_megapixels: larger images are refused.

    Raises:
        DataError: it cannot be read, or is too large.
        ChannelsError: it has other channels than `pixels` says.
    """

    def __init__(
        self,
        source: bytes | Path | np.ndarray,
        size: tuple[int, int] | None = None,
        pixels: PixelFormat = RGB,
        max_megapixels: float = MAX_MEGAPIXELS,
    ) -> None:
        self.pixels = pixels
        self._source: bytes | Path | None = None
        self._whole: np.ndarray | None = None
        if isinstance(source, np.ndarray):
            self._whole = source
        elif has_windows(source):
            self._source = source
        else:
            self._whole = read_whole(source, pixels, max_megapixels)
        if self._whole is not None:
            self.own_size = (self._whole.shape[0], self._whole.shape[1])
        else:
            assert self._source is not None
            found = describe(self._source, 1 if pixels.is_rgb else pixels.channels)
            check_megapixels(found.height, found.width, max_megapixels)
            check_channels(found.channels, found.alpha, pixels)
            self.own_size = (found.height, found.width)
        self.size = self.own_size if size is None else size

    def resized(self, size: tuple[int, int] | None) -> Scene:
        """The same image at another working size."""
        other = Scene.__new__(Scene)
        other.__dict__.update(self.__dict__)
        other.size = self.own_size if size is None else size
        return other

    def window(self, window: Window) -> np.ndarray:
        """A window at the working size: uint8 (h, w, 3), or float32 (h, w, D) in 0..1.

        Raises:
            DataError: the part of the file that it is in is damaged.
        """
        row, col, height, width = window
        if self.size == self.own_size:
            return self._read(window)
        (top, bottom, first, last), (left, right, begin, end) = (
            _source_span(start, length, own, seen)
            for start, length, own, seen in (
                (row, height, self.own_size[0], self.size[0]),
                (col, width, self.own_size[1], self.size[1]),
            )
        )
        part = self._read((first, begin, last - first, end - begin))
        box = (
            left - begin,
            top - first,
            min(right - begin, part.shape[1]),
            min(bottom - first, part.shape[0]),
        )
        return resize_image(part, (height, width), box)

    def tiles(self, tiling: Tiling) -> Iterator[tuple[Tile, np.ndarray]]:
        """The tiles of the whole, in their order, with their pixels.

        Tiles of a row are read together, so that strips are decoded once, unless that is much.
        """
        assert tiling.size == self.size, (tiling.size, self.size)
        for row in tiling.rows():
            first = row[0]
            if self._numbers(first.height, self.size[1]) <= BAND:
                band = self.window((first.row, 0, first.height, self.size[1]))
                for tile in row:
                    yield tile, band[:, tile.col : tile.col + tile.width]
            else:
                for tile in row:
                    yield tile, self.window((tile.row, tile.col, tile.height, tile.width))

    def whole(self) -> np.ndarray:
        """All of it at the working size, read a band of rows at a time."""
        height, width = self.size
        rows = max(1, min(height, math.floor(height * BAND / self._numbers(height, width))))
        starts = range(0, height, rows)
        bands = [self.window((start, 0, min(rows, height - start), width)) for start in starts]
        return bands[0] if len(bands) == 1 else np.concatenate(bands)

    def check(self) -> None:
        """Decode all of it, so that damage is found.

        Raises:
            DataError: a part is damaged.
        """
        height, width = self.own_size
        rows = max(1, CHECKED // (width * self.pixels.channels))
        for start in range(0, height, rows) if self._whole is None else ():
            self._read((start, 0, min(rows, height - start), width))

    def _numbers(self, height: int, width: int) -> float:
        """Numbers of the image in a window of this size."""
        down, across = (own / seen for own, seen in zip(self.own_size, self.size, strict=True))
        return height * down * width * across * self.pixels.channels

    def _read(self, window: Window) -> np.ndarray:
        """A window at the image's own size."""
        if self._whole is None:
            assert self._source is not None
            # What is large is refused by the size of its tiles or strips; see `has_windows`.
            return read_window(self._source, window, math.inf, self.pixels)
        row, col, height, width = window
        part = self._whole[row : row + height, col : col + width]
        if self.pixels.is_rgb or part.dtype == np.float32:
            return part
        return to_unit(part, self.pixels)


def read_whole(source: bytes | Path, pixels: PixelFormat, max_megapixels: float) -> np.ndarray:
    """An image at its own size as a `Scene` holds it: uint8 (H, W, 3), or as stored (H, W, D)."""
    if pixels.is_rgb:
        data = source if isinstance(source, bytes) else source.read_bytes()
        return decode_image(data, None, max_megapixels, pixels)
    return fitted(read_stored(source, pixels.channels, max_megapixels), pixels)


def reduced_size(size: tuple[int, int], most: int) -> tuple[int, int]:
    """(height, width) with the same proportions and a long side of at most `most` pixels."""
    factor = min(1.0, most / max(size))
    return max(1, round(size[0] * factor)), max(1, round(size[1] * factor))


def _source_span(start: int, length: int, own: int, seen: int) -> tuple[float, float, int, int]:
    """Where a span of the resized image comes from, and the span of pixels that it depends on."""
    scale = own / seen
    first, last = start * scale, (start + length) * scale
    reach = math.ceil(max(scale, 1.0)) + 1  # Of the antialiasing filter.
    return first, last, max(0, math.floor(first) - reach), min(own, math.ceil(last) + reach)
