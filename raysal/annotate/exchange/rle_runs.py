"""The runs in the code of a brush, see `rle_pack`.

Where a run begins depends on all runs before it. For every bit of a part of the code, numpy looks
up where the next run would begin if one began there; only that chain is followed in Python.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from raysal.errors import DataError

WORD_BITS = 8
HEADER_BITS = 32 + 5 + 4 * 4
_PART_BYTES = 4096
_READ_BYTES = 8
"""Enough for the head of a run and its first word, wherever in a byte they begin."""


@dataclass(frozen=True)
class Runs:
    """Runs of a code.

    Attributes:
        ends: int64 (R,), number of words up to the end of each run.
        values: uint8 (R,), the word that is repeated, or the first of those that follow.
        literals: runs of several words that follow: first word, length, place of the first bit.
        word_bits: bits of a word.
    """

    ends: np.ndarray
    values: np.ndarray
    literals: tuple[tuple[int, int, int], ...]
    word_bits: int


def runs_of(data: bytes, count: int) -> Runs:
    """The runs of a code that stands for `count` words.

    Raises:
        DataError: it is truncated, or its runs have another number of words.
    """
    last = len(data) * 8
    if last < HEADER_BITS:
        raise _truncated()
    head = int.from_bytes(data[4:7], "big") >> 3
    word_bits = (head >> 16) + 1
    if word_bits > WORD_BITS:
        raise DataError(f"the RLE of a brush has words of {word_bits} bits, a brush has 8")
    sizes = np.array([(head >> shift & 15) + 1 for shift in (12, 8, 4, 0)])
    parts, place, done = [], HEADER_BITS, 0
    data += bytes(_READ_BYTES)
    while done < count:
        if place >= last:
            raise _truncated()
        part = _part(data, place, last, sizes, word_bits)
        parts.append(part)
        place, done = int(part[3][-1]), done + int(part[1].sum())
    repeated, lengths, values, following = (
        np.concatenate(each) for each in zip(*parts, strict=True)
    )
    ends = np.cumsum(lengths)
    used = int(np.searchsorted(ends, count)) + 1
    if following[used - 1] > last:
        raise _truncated()
    if ends[used - 1] != count:
        raise DataError(
            f"the runs of a brush's RLE have {ends[used - 1]} values instead of {count}"
        )
    several = np.flatnonzero(~repeated[:used] & (lengths[:used] > 1))
    firsts, many = (ends - lengths)[several], lengths[several]
    places = following[several] - word_bits * many
    literals = tuple(zip(firsts.tolist(), many.tolist(), places.tolist(), strict=True))
    return Runs(ends[:used], values[:used].astype(np.uint8), literals, word_bits)


def words(data: bytes, start: int, length: int, word_bits: int) -> np.ndarray:
    """Words that follow one another from a bit on: uint8 (length,)."""
    data = data[start >> 3 : (start + word_bits * length + 7 >> 3) + 1] + bytes(1)
    start &= 7
    taken = np.frombuffer(data, np.uint8).astype(np.uint16)
    if word_bits == WORD_BITS:
        taken = taken[: length + 1]
        return (taken[:-1] << start | taken[1:] >> (8 - start)).astype(np.uint8)
    places = start + word_bits * np.arange(length)
    both = taken[places >> 3] << 8 | taken[(places >> 3) + 1]
    kept: np.ndarray = both >> (16 - word_bits - (places & 7)) & ((1 << word_bits) - 1)
    return kept.astype(np.uint8)


def _part(
    data: bytes, place: int, last: int, sizes: np.ndarray, word_bits: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """The runs that begin in the next bytes: whether a word is repeated, number of words, first
    word, and place of the bit after the run."""
    byte = place >> 3
    some = np.frombuffer(data, np.uint8, min(_PART_BYTES, (last + 7 >> 3) - byte) + 1, byte)
    # By the first three bits of a run: whether a word is repeated, and which of the four sizes.
    size = np.tile(sizes, 2)
    bit = np.unpackbits(some)
    kind = bit[:-8] << 2 | bit[1:-7] << 1 | bit[2:-6]
    # Where the next run begins; 0 if words follow, whose number is looked at when it is needed.
    width = np.where(np.arange(8) >= 4, 3 + size + word_bits, 0).astype(np.int32)[kind]
    following = np.where(width, width + np.arange(len(kind), dtype=np.int32), 0).data
    heads = [(61 - int(n), (1 << int(n)) - 1) for n in sizes]
    start, places, at, end = byte << 3, [], place - (byte << 3), len(kind)
    while at < end:
        places.append(at)
        then = following[at]
        if not then:
            shift, lowest = heads[kind[at]]
            length = (_bits(data, start + at) >> shift & lowest) + 1
            then = at + 64 - shift + word_bits * length
        at = then
    chosen = np.array(places)
    which = kind[chosen]
    eight = _bits_at(data, start + chosen)
    shifts = 61 - size[which]
    lengths = (eight >> shifts.astype(np.uint64)).astype(np.int64) & ((1 << size[which]) - 1)
    values = eight >> (shifts - word_bits).astype(np.uint64) & np.uint64((1 << word_bits) - 1)
    repeated, lengths = which >= 4, lengths + 1
    after = start + chosen + 64 - shifts + word_bits * np.where(repeated, 1, lengths)
    return repeated, lengths, values, after


def _bits(data: bytes, place: int) -> int:
    """64 bits, of which the first are those from a place on; the last seven may be missing."""
    eight = data[place >> 3 : (place >> 3) + _READ_BYTES]
    return int.from_bytes(eight, "big") << (place & 7) & 0xFFFFFFFFFFFFFFFF


def _bits_at(data: bytes, places: np.ndarray) -> np.ndarray:
    """As `_bits`, for some places: uint64."""
    every = np.frombuffer(data, np.uint8)[(places >> 3)[:, None] + np.arange(_READ_BYTES)]
    bits: np.ndarray = every.view(">u8").ravel().astype(np.uint64) << (places & 7).astype(np.uint64)
    return bits


def _truncated() -> DataError:
    return DataError("the RLE of a brush is truncated")
