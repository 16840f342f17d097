"""Label Studio's brush code, compared with a plain writer of the format bit by bit."""

from __future__ import annotations

import time
from itertools import groupby, pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from raysal.annotate.exchange.rle_pack import covered, decode_alpha, decode_covered, encode_mask
from raysal.errors import DataError


def written(words: list[int], sizes: tuple[int, ...] = (3, 4, 8, 16), word_bits: int = 8) -> bytes:
    """Runs of equal words as one word, all others one after the other."""
    bits = f"{len(words):032b}{word_bits - 1:05b}" + "".join(f"{n - 1:04b}" for n in sizes)
    runs = [list(run) for _, run in groupby(words)]
    while runs:
        run = runs.pop(0)
        repeated = len(run) > 2
        while not repeated and runs and len(runs[0]) <= 2:
            run += runs.pop(0)
        for start in range(0, len(run), 1 << sizes[-1]):
            part = run[start : start + (1 << sizes[-1])]
            kind = next(k for k, n in enumerate(sizes) if len(part) <= 1 << n)
            bits += f"{int(repeated)}{kind:02b}{len(part) - 1:0{sizes[kind]}b}"
            bits += "".join(f"{word:0{word_bits}b}" for word in (part[:1] if repeated else part))
    bits += "0" * (-len(bits) % 8)
    return bytes(int(bits[n : n + 8], 2) for n in range(0, len(bits), 8))


def check_covered(code: bytes | list[int], size: tuple[int, int]) -> None:
    """Compare with what the whole alpha channel says."""
    mask, row = decode_covered(code, size)
    found = np.zeros(size, bool)
    found[row : row + len(mask)] = mask
    np.testing.assert_array_equal(found, covered(decode_alpha(code, size)))


@given(
    st.lists(st.tuples(*[st.integers(0, 3)] * 4), min_size=1, max_size=60),
    st.sampled_from([(3, 4, 8, 16), (1, 2, 3, 4), (2, 2, 2, 2), (4, 8, 12, 16)]),
    st.sampled_from([2, 5, 7, 8]),
)
def test_any_picture_is_read(
    pixels: list[tuple[int, ...]], sizes: tuple[int, ...], word_bits: int
) -> None:
    words = [value for pixel in pixels for value in pixel]
    alpha = decode_alpha(written(words, sizes, word_bits), (len(pixels), 1))
    assert alpha.ravel().tolist() == [pixel[3] for pixel in pixels]
    check_covered(written(words, sizes, word_bits), (len(pixels), 1))


@given(st.integers(1, 20), st.integers(1, 20), st.floats(0, 1), st.integers(0, 1 << 30))
def test_masks_come_back(height: int, width: int, share: float, seed: int) -> None:
    mask = np.random.default_rng(seed).random((height, width)) < share
    code = encode_mask(mask)
    np.testing.assert_array_equal(decode_alpha(code, mask.shape), mask * 255)
    assert all(type(byte) is int and 0 <= byte < 256 for byte in code)
    check_covered(code, mask.shape)


def test_long_codes_are_read_in_parts() -> None:
    """Of short runs, of words that follow one another, and of both."""
    rng = np.random.default_rng(0)
    mask = np.zeros((300, 200), bool)
    mask[100:220] = rng.random((120, 200)) < 0.5
    code = encode_mask(mask)
    assert len(code) > 20000
    np.testing.assert_array_equal(decode_alpha(code, mask.shape), mask * 255)
    check_covered(code, mask.shape)
    for most in (2, 200):
        words = rng.integers(0, most, (40, 60, 4))
        colours = written(words.ravel().tolist())
        np.testing.assert_array_equal(decode_alpha(colours, (40, 60)), words[..., 3])
        check_covered(colours, (40, 60))


def test_only_rows_that_are_covered_are_decoded() -> None:
    mask = np.zeros((9, 7), bool)
    mask[3, 6] = mask[5, 0] = True
    found, row = decode_covered(encode_mask(mask), mask.shape)
    assert row == 3
    np.testing.assert_array_equal(found, mask[3:6])
    assert decode_covered(encode_mask(mask & False), mask.shape)[0].shape == (0, 7)


def test_long_runs_are_cut() -> None:
    mask = np.zeros((400, 500), bool)
    mask[200:, 3:] = True
    np.testing.assert_array_equal(decode_alpha(encode_mask(mask), mask.shape), mask * 255)


def test_a_coloured_brush_of_a_full_image_is_read_fast() -> None:
    """Its channels differ, so that all bytes of what is covered follow one another."""
    y, x = np.mgrid[:720, :1280]
    mask = (y - 300) ** 2 + (x - 500) ** 2 < 200**2
    words = np.zeros((720, 1280, 4), np.uint8)
    words[mask] = (220, 20, 60, 255)
    code = _packed(words.ravel())
    start = time.process_time()
    np.testing.assert_array_equal(decode_alpha(code, (720, 1280)), mask * 255)
    assert time.process_time() - start < 1  # Some 20 ms.


def _packed(words: np.ndarray) -> bytes:
    """As `written`, with one literal run for whatever is not zero."""
    zero = np.concatenate(([False], words == 0, [False]))
    edges = np.flatnonzero(zero[1:] != zero[:-1]).tolist()
    bounds = sorted({0, len(words), *edges})
    bits = [f"{len(words):032b}00111" + "0010001101111111"]
    for start, end in pairwise(bounds):
        for first in range(start, end, 1 << 16):
            part = words[first : min(end, first + (1 << 16))]
            repeated = not part[0]
            bits.append(f"{int(repeated)}11{len(part) - 1:016b}")
            bits += [f"{word:08b}" for word in (part[:1] if repeated else part).tolist()]
    text = np.frombuffer("".join(bits).encode(), np.uint8) - ord("0")
    return np.packbits(text).tobytes()


GOOD = encode_mask(np.eye(6, dtype=bool))


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ([], "0 values, but 4 x 6 x 6 are 144"),
        (GOOD[:4], "truncated"),
        (GOOD[:-2], "truncated"),
        ([0, 0, 0, 36, *GOOD[4:]], "one channel, where the brush has four"),
        ([0, 0, 0, 140, *GOOD[4:]], "140 values, but 4 x 6 x 6"),
        ([0, 0, 0, 144, 0xFF, 0xFF, 0xFF, 0xFF], "words of 32 bits"),
        (written([0] * 150, (3, 4, 8, 16))[:0] + bytes([0, 0, 0, 144]) + written([0] * 150)[4:],
         "150 values instead of 144"),
        ([256, 1], "not a list of bytes"),
        (["a"], "not a list of bytes"),
        (None, "not a list of bytes"),
    ],
)  # fmt: skip
def test_damage_is_said(code: list[int], reason: str) -> None:
    with pytest.raises(DataError, match=reason):
        decode_alpha(code, (6, 6))
