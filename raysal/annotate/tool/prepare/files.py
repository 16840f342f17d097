"""Rasters on disk: plain numbers, row by row, as the browser takes them, compressed by gzip."""

from __future__ import annotations

import gzip
from collections.abc import Iterable
from pathlib import Path

import numpy as np

_LEVEL = 1
"""A map of superpixels shrinks to a fiftieth even so; higher levels take several times longer."""


def write_raster(path: Path, strips: Iterable[np.ndarray]) -> None:
    """Write a raster from strips of rows, little-endian; only a strip is in memory at a time."""
    with path.open("wb") as raw, gzip.GzipFile("", "wb", _LEVEL, raw, mtime=0) as file:
        for strip in strips:
            little = strip.astype(strip.dtype.newbyteorder("<"), copy=False)
            file.write(np.ascontiguousarray(little).data)


def read_raster(path: Path, size: tuple[int, int], dtype: str) -> np.ndarray:
    """The raster in a file: (height, width) of the type, such as `<u4`.

    Raises:
        ValueError: it has another size.
        OSError, EOFError: the file is damaged.
    """
    with gzip.open(path) as file:
        return np.frombuffer(file.read(), dtype).reshape(size)
