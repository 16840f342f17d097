"""Masks whose colours stand for classes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from raysal.data.decode import IGNORE
from raysal.data.sets.base import Colour
from raysal.errors import DataError

NAMED = 4


def ids_of_colours(
    rgb: np.ndarray, colours: Sequence[Colour], unknown: Sequence[Colour], where: str
) -> np.ndarray:
    """Class ids of a mask in colours: uint8 (H, W), 255 where the colour is one of `unknown`.

    Args:
        rgb: uint8 (H, W, 3).
        colours: of classes 0..C-1; all colours differ.
        where: the file, for messages.

    Raises:
        DataError: pixels have another colour; names the most frequent ones with their counts.
    """
    codes = _codes(np.array([*colours, *unknown]))
    ids = np.array([*range(len(colours)), *[IGNORE] * len(unknown)], np.uint8)
    order = np.argsort(codes)
    codes, ids = codes[order], ids[order]
    pixels = _codes(rgb)
    place = np.minimum(np.searchsorted(codes, pixels), len(codes) - 1)
    other = codes[place] != pixels
    if other.any():
        raise DataError(
            f"{where}: colours of no class: {_frequent(pixels[other])}; add them to data.colours, "
            "or to data.unknown_colours"
        )
    return ids[place]


def _codes(rgb: np.ndarray) -> np.ndarray:
    """One number per colour."""
    parts = rgb.astype(np.uint32)
    codes: np.ndarray = parts[..., 0] << 16 | parts[..., 1] << 8 | parts[..., 2]
    return codes


def _frequent(codes: np.ndarray) -> str:
    values, counts = np.unique(codes, return_counts=True)
    first = np.argsort(-counts, kind="stable")[:NAMED]
    parts = [
        f"[{c >> 16}, {c >> 8 & 255}, {c & 255}] in {n} pixels"
        for c, n in zip(values[first].tolist(), counts[first].tolist(), strict=True)
    ]
    if len(values) > NAMED:
        parts.append(f"{len(values) - NAMED} others")
    return ", ".join(parts)
