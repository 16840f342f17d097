"""Files of a data set on disk."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from raysal.data.decode import decode_mask, refuse_lossy
from raysal.errors import DataError


def read_file(path: str) -> bytes:
    """The bytes of a file.

    Raises:
        DataError: it is missing or cannot be read.
    """
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise DataError(f"cannot read '{path}': {error.strerror or error}") from error


def read_mask(path: str, dataset: str) -> np.ndarray:
    """The ids stored in a mask file: uint8 (H, W).

    Args:
        dataset: name of the data set, for messages.

    Raises:
        DataError: it is missing, cannot be decoded, is of a lossy format, or has several channels.
    """
    data = read_file(path)
    try:
        refuse_lossy(data)
        return decode_mask(data)
    except DataError as error:
        raise DataError(f"{dataset}: {path}: {error}") from error
