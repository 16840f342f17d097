"""Run lengths of COCO: columns from left to right, each from top to bottom, background first.

They are written by `pycocotools`. It is not used to read them, because it does not check that the
runs add up to the size: too few give what was in memory before, too many write beyond it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from raysal.annotate.exchange.canvas import check_size
from raysal.annotate.exchange.format import Size
from raysal.errors import DataError

# A number is written in characters of 5 bits, least significant first, from this one on.
_FIRST_CHARACTER, _VALUE, _SIGN, _MORE = 48, 0x1F, 0x10, 0x20
_MOST_CHARACTERS = 7


def decode(code: dict[str, Any], size: Size) -> np.ndarray:
    """The mask of a `segmentation: {counts, size}`: bool (H, W).

    Args:
        size: of the image.

    Raises:
        DataError: another size, or the runs do not add up to it.
    """
    counts, said = code.get("counts"), code.get("size")
    if not (isinstance(said, list) and len(said) == 2 and all(isinstance(n, int) for n in said)):
        raise DataError("an RLE has no size of two numbers")
    check_size((said[0], said[1]), size, "an RLE")
    height, width = size
    if isinstance(counts, str):
        runs = _uncompressed(counts)
        total, least = int(runs.sum()), int(runs.min(initial=0))
    elif isinstance(counts, list) and all(type(n) is int and n >= 0 for n in counts):
        total, least = sum(counts), 0
        runs = np.array(counts) if total == height * width else np.zeros(0, np.int64)
    else:
        raise DataError("the counts of an RLE are neither text nor whole numbers")
    if total != height * width or least < 0:
        raise DataError(
            f"the runs of an RLE add up to {total} pixels, the image has {height * width}"
        )
    values = np.arange(len(runs)) % 2 == 1
    mask: np.ndarray = np.repeat(values, runs).reshape(width, height).T
    return mask


def encode(mask: np.ndarray) -> dict[str, Any]:
    """`segmentation: {counts, size}` with compressed counts.

    Args:
        mask: bool (H, W).
    """
    from pycocotools import mask as coco

    code = coco.encode(np.asfortranarray(mask, np.uint8))
    return {"size": list(mask.shape), "counts": code["counts"].decode("ascii")}


def _uncompressed(text: str) -> np.ndarray:
    """The runs of compressed counts; from the fourth on, each is written as the difference to the
    one two before."""
    try:
        codes = np.frombuffer(text.encode("ascii"), np.uint8).astype(np.int64) - _FIRST_CHARACTER
    except UnicodeEncodeError:
        codes = np.array([-1])
    if not len(codes):
        return codes
    ends = np.flatnonzero((codes & _MORE) == 0)
    if codes.min() < 0 or codes.max() > (_VALUE | _MORE) or codes[-1] & _MORE:
        raise DataError("the compressed counts of an RLE are truncated or damaged")
    starts = np.concatenate(([0], ends[:-1] + 1))
    lengths = ends - starts + 1
    if lengths.max() > _MOST_CHARACTERS:
        raise DataError("the compressed counts of an RLE are truncated or damaged")
    place = np.arange(len(codes)) - np.repeat(starts, lengths)
    numbers = np.add.reduceat((codes & _VALUE) << (5 * place), starts)
    negative = (codes[ends] & _SIGN) != 0
    numbers -= np.where(negative, 1 << (5 * lengths), 0)
    # Runs 1, 3, 5, ... and 2, 4, 6, ... are sums of their differences; run 0 stands alone.
    numbers[1::2] = np.cumsum(numbers[1::2])
    numbers[2::2] = np.cumsum(numbers[2::2])
    return numbers
