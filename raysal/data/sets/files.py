"""Files of a data set on disk."""

from __future__ import annotations

from math import inf
from pathlib import Path

import numpy as np

from raysal.data.decode import decode_colours, decode_mask, refuse_lossy
from raysal.errors import DataError

# Lossless, and with one channel.
MASK_SUFFIXES = (".png", ".PNG", ".tif", ".tiff", ".TIF", ".TIFF", ".bmp", ".BMP", ".gif", ".GIF")


def find_mask(folder: Path, stem: str) -> Path | None:
    """The mask of a relative path without suffix; None if there is none."""
    paths = (folder / f"{stem}{suffix}" for suffix in MASK_SUFFIXES)
    return next((path for path in paths if path.is_file()), None)


def read_file(path: str) -> bytes:
    """The bytes of a file.

    Raises:
        DataError: it is missing or cannot be read.
    """
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise DataError(f"cannot read '{path}': {error.strerror or error}") from error


def read_mask(path: str, dataset: str, colours: bool = False) -> np.ndarray:
    """The ids stored in a mask file: uint8 (H, W), or its colours: uint8 (H, W, 3).

    Args:
        dataset: name of the data set, for messages.

    Raises:
        DataError: it is missing, cannot be decoded, is of a lossy format, or has several channels.
    """
    data = read_file(path)
    try:
        refuse_lossy(data)
        return decode_colours(data, inf) if colours else decode_mask(data, inf)
    except DataError as error:
        raise DataError(f"{dataset}: {path}: {error}") from error
