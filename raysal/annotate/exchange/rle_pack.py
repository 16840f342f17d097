"""Run lengths as Label Studio's brush stores them: thi.ng's rle-pack, bit by bit.

    32 bits         number of words
    5 bits          bits of a word, less 1
    4 times 4 bits  bits of a run's length, less 1, in four sizes
    then runs:      1 bit    1 if one word is repeated, 0 if as many words follow
                    2 bits   which of the four sizes
                    n bits   length, less 1
                    words    one, or as many as the length says

The words are the bytes of an RGBA picture, row after row, of which alpha says what is covered.
See https://github.com/thi-ng/umbrella/tree/develop/packages/rle-pack.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from raysal.annotate.exchange.rle_runs import HEADER_BITS, WORD_BITS, Runs, runs_of, words
from raysal.errors import DataError

CHANNELS = 4
_SIZES = (3, 4, 8, 16)
"""Bits of lengths in the four sizes, as Label Studio writes them."""
_LONGEST_RUN = 1 << _SIZES[-1]


def decode_alpha(code: Sequence[int] | bytes, size: tuple[int, int]) -> np.ndarray:
    """The alpha channel of a brush region: uint8 (H, W).

    Args:
        code: bytes.
        size: (height, width) that it must have.

    Raises:
        DataError: it is truncated, no bytes, or of another size.
    """
    data = _checked(code, size)
    runs = runs_of(data, CHANNELS * size[0] * size[1])
    return _filled(data, runs, size)


def decode_covered(code: Sequence[int] | bytes, size: tuple[int, int]) -> tuple[np.ndarray, int]:
    """Where alpha is more than half of its largest value: bool (rows, W), and the first of these
    rows. Only the rows from the first to the last covered pixel are decoded.

    Args, Raises:
        As for `decode_alpha`.
    """
    data = _checked(code, size)
    height, width = size
    runs = runs_of(data, CHANNELS * height * width)
    if runs.literals:
        return covered(_filled(data, runs, size)), 0
    ends = runs.ends // CHANNELS
    there = covered(np.where(np.diff(ends, prepend=0) > 0, runs.values, 0))
    which = np.flatnonzero(there)
    if not len(which):
        return np.zeros((0, width), bool), 0
    first = int(ends[which[0] - 1]) // width if which[0] else 0
    rows = -(-int(ends[which[-1]]) // width) - first
    within = np.clip(ends - first * width, 0, rows * width)
    return np.repeat(there, np.diff(within, prepend=0)).reshape(rows, width), first


def covered(alpha: np.ndarray) -> np.ndarray:
    """Where a brush covers at least half: the borders of its strokes are smooth. What counts is
    the largest value, because masks of other tools have 1 for 255."""
    most = int(alpha.max(initial=0))
    there: np.ndarray = alpha > most // 2
    return there


def encode_mask(mask: np.ndarray) -> list[int]:
    """The bytes for a mask, of which the covered pixels get 255 in all four channels.

    Args:
        mask: bool (H, W).
    """
    flat = mask.ravel()
    starts = np.concatenate(([0], np.flatnonzero(flat[1:] != flat[:-1]) + 1))
    lengths = np.diff(starts, append=flat.size) * CHANNELS
    values = np.where(flat[starts], 255, 0)
    # Long runs are cut, such that only the last part is shorter than the longest.
    parts = -(-lengths // _LONGEST_RUN)
    lengths_cut = np.full(parts.sum(), _LONGEST_RUN)
    lengths_cut[np.cumsum(parts) - 1] = lengths - (parts - 1) * _LONGEST_RUN
    return _pack(lengths_cut, np.repeat(values, parts), flat.size * CHANNELS)


def _checked(code: Sequence[int] | bytes, size: tuple[int, int]) -> bytes:
    try:
        data = bytes(code)
    except (TypeError, ValueError):
        raise DataError("the RLE of a brush is not a list of bytes") from None
    pixels = size[0] * size[1]
    count = int.from_bytes(data[:4], "big")
    if count != CHANNELS * pixels:
        hint = ""
        if count == pixels:
            hint = "; it has one channel, where the brush has four (RGBA)"
        raise DataError(
            f"the RLE of a brush has {count} values, but 4 x {size[0]} x {size[1]} are "
            f"{CHANNELS * pixels}{hint}"
        )
    return data


def _filled(data: bytes, runs: Runs, size: tuple[int, int]) -> np.ndarray:
    """Every fourth word: uint8 (H, W)."""
    # Of the words before a place, a quarter are alpha's, rounded down.
    ends = runs.ends // CHANNELS
    alpha = np.repeat(runs.values, np.diff(ends, prepend=0))
    for first, length, place in runs.literals:
        own = words(data, place, length, runs.word_bits)[-(first + 1) % CHANNELS :: CHANNELS]
        alpha[first // CHANNELS : first // CHANNELS + len(own)] = own
    return alpha.reshape(size)


def _pack(lengths: np.ndarray, values: np.ndarray, count: int) -> list[int]:
    """Runs as bits. A run of one word is written as a word that follows, as Label Studio does."""
    kinds = np.searchsorted([1 << bits for bits in _SIZES], lengths)
    bits = np.array(_SIZES)[kinds]
    heads = np.where(lengths > 1, 4, 0) + kinds  # The first three bits.
    codes = ((heads << bits) + lengths - 1) << WORD_BITS | values
    widths = 3 + bits + WORD_BITS
    header = (count << 5 | WORD_BITS - 1) << 16 | sum(
        size - 1 << shift for size, shift in zip(_SIZES, (12, 8, 4, 0), strict=True)
    )
    ends = np.cumsum(widths)
    # Bit i of all codes: which code, and which of its bits.
    code = np.repeat(np.arange(len(codes)), widths)
    left = np.repeat(ends, widths) - np.arange(ends[-1]) - 1
    packed = codes[code] >> left & 1
    head = np.array([int(bit) for bit in f"{header:0{HEADER_BITS}b}"])
    listed: list[int] = np.packbits(np.concatenate((head, packed)).astype(np.uint8)).tolist()
    return listed
