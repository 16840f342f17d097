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

from raysal.errors import DataError

CHANNELS = 4
_WORD_BITS = 8
_SIZES = (3, 4, 8, 16)
"""Bits of lengths in the four sizes, as Label Studio writes them."""
_HEADER_BITS = 32 + 5 + 4 * 4
_LONGEST_RUN = 1 << _SIZES[-1]
_READ_BYTES = 9
"""Enough for the head of a run and its first word, wherever in a byte they begin."""


def decode_alpha(code: Sequence[int] | bytes, size: tuple[int, int]) -> np.ndarray:
    """The alpha channel of a brush region: uint8 (H, W).

    Args:
        code: bytes.
        size: (height, width) that it must have.

    Raises:
        DataError: it is truncated, no bytes, or of another size.
    """
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
    alpha: np.ndarray = _alpha(data, count).reshape(size)
    return alpha


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


def _alpha(data: bytes, count: int) -> np.ndarray:
    """Every fourth word. Runs of one word are found one by one and filled at once; the words of
    others are gathered with numpy, because pictures in colours are mostly such."""
    if len(data) * 8 < _HEADER_BITS:
        raise _truncated()
    head = int.from_bytes(data[4:7], "big") >> 3
    word_bits = (head >> 16) + 1
    if word_bits > _WORD_BITS:
        raise DataError(f"the RLE of a brush has words of {word_bits} bits, a brush has 8")
    sizes = [(head >> shift & 15) + 1 for shift in (12, 8, 4, 0)]
    tails = [(61 - size, (1 << size) - 1) for size in sizes]
    repeated: list[int] = []
    lengths: list[int] = []
    literal: list[tuple[int, int, int]] = []  # Index of the word, its place in bits, length.
    mask, place, done, last = (1 << word_bits) - 1, _HEADER_BITS, 0, len(data) * 8
    data += bytes(_READ_BYTES)
    read = int.from_bytes
    while done < count:
        byte = place >> 3
        # 64 bits, of which the first are those at `place`; the rest are zeros.
        bits = (
            read(data[byte : byte + _READ_BYTES], "big") >> (8 - (place & 7)) & 0xFFFFFFFFFFFFFFFF
        )
        kind = bits >> 61 & 3
        shift, lowest = tails[kind]
        length = (bits >> shift & lowest) + 1
        place += 64 - shift
        if bits >> 63:
            repeated.append(bits >> (shift - word_bits) & mask)
            place += word_bits
        else:
            literal.append((done, place, length))
            repeated.append(0)
            place += word_bits * length
        lengths.append(length)
        done += length
        if place > last:
            raise _truncated()
    if done != count:
        raise DataError(f"the runs of a brush's RLE have {done} values instead of {count}")
    # Of the words before a place, a quarter are alpha's, rounded down.
    ends = np.cumsum(lengths) // CHANNELS
    alpha = np.repeat(np.array(repeated, np.uint8), np.diff(ends, prepend=0))
    for first, start, length in literal:
        words = _words(data, start, length, word_bits)[-(first + 1) % CHANNELS :: CHANNELS]
        alpha[first // CHANNELS : first // CHANNELS + len(words)] = words
    return alpha


def _words(data: bytes, start: int, length: int, word_bits: int) -> np.ndarray:
    """Words that follow one another from a bit on."""
    if word_bits == _WORD_BITS:
        first, shift = start >> 3, start & 7
        taken = np.frombuffer(data, np.uint8, length + 1, first).astype(np.uint16)
        return (taken[:-1] << shift | taken[1:] >> (8 - shift)).astype(np.uint8)
    places = start + word_bits * np.arange(length)
    taken = np.frombuffer(data, np.uint8).astype(np.uint16)
    both = taken[places >> 3] << 8 | taken[(places >> 3) + 1]
    kept: np.ndarray = both >> (16 - word_bits - (places & 7)) & ((1 << word_bits) - 1)
    return kept.astype(np.uint8)


def _pack(lengths: np.ndarray, values: np.ndarray, count: int) -> list[int]:
    """Runs as bits. A run of one word is written as a word that follows, as Label Studio does."""
    kinds = np.searchsorted([1 << bits for bits in _SIZES], lengths)
    bits = np.array(_SIZES)[kinds]
    heads = np.where(lengths > 1, 4, 0) + kinds  # The first three bits.
    codes = ((heads << bits) + lengths - 1) << _WORD_BITS | values
    widths = 3 + bits + _WORD_BITS
    header = (count << 5 | _WORD_BITS - 1) << 16 | sum(
        size - 1 << shift for size, shift in zip(_SIZES, (12, 8, 4, 0), strict=True)
    )
    ends = np.cumsum(widths)
    # Bit i of all codes: which code, and which of its bits.
    code = np.repeat(np.arange(len(codes)), widths)
    left = np.repeat(ends, widths) - np.arange(ends[-1]) - 1
    packed = codes[code] >> left & 1
    head = np.array([int(bit) for bit in f"{header:0{_HEADER_BITS}b}"])
    listed: list[int] = np.packbits(np.concatenate((head, packed)).astype(np.uint8)).tolist()
    return listed


def _truncated() -> DataError:
    return DataError("the RLE of a brush is truncated")
