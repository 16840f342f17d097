"""Suspects: connected pixels with one label that is taken for wrong."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from raysal.data.decode import IGNORE
from raysal.review.confident import Opinion

SMALLEST_SHARE = 0.0005
"""Of the pixels of an image; smaller suspects are not worth a look."""
# Predictions and labels disagree along every border. What is narrower than this square does not
# count.
_SQUARE = np.ones((3, 3), bool)


@dataclass(frozen=True)
class Suspect:
    """A part of an image whose label may be wrong.

    Attributes:
        given, predicted: class ids: of the label, and most often predicted instead.
        row, col, height, width: its bounding box in pixels of the working size.
        pixels: their number.
        probability: mean probability of the label, by which suspects are ranked, the lowest first:
            as the library ranks pixels. A sum over pixels would put first what models find hard.
        wrong: share of its pixels whose label differs from the truth; None if that is not known.
    """

    given: int
    predicted: int
    row: int
    col: int
    height: int
    width: int
    pixels: int
    probability: float
    wrong: float | None


def suspects(
    one: Opinion, wrong_P: np.ndarray, known: np.ndarray, truth: np.ndarray | None
) -> Iterator[Suspect]:
    """The suspects of an image.

    Args:
        wrong_P: bool, the labels that are taken for wrong; see `Cutoff.wrong`.
        known: bool (H, W), the P pixels.
        truth: uint8 (H, W) true class ids, 255 unknown; None if they are not known.
    """
    given, top = _map(known, one.given_P, IGNORE), _map(known, one.top_P, IGNORE)
    wrong = _map(known, wrong_P, False)
    prob = _map(known, one.given_prob_P, np.float16(0))
    for label in np.unique(given[wrong]):
        parts, _ = ndimage.label(wrong & (given == label), _SQUARE)
        for number, box in enumerate(ndimage.find_objects(parts), start=1):
            here = parts[box] == number
            pixels = int(np.count_nonzero(here))
            inner = ndimage.binary_erosion(np.pad(here, 1), _SQUARE)
            if pixels < SMALLEST_SHARE * known.size or not inner.any():
                continue
            yield Suspect(
                given=int(label),
                predicted=int(np.bincount(top[box][here]).argmax()),
                row=box[0].start,
                col=box[1].start,
                height=box[0].stop - box[0].start,
                width=box[1].stop - box[1].start,
                pixels=pixels,
                probability=float(prob[box][here].astype(np.float64).mean()),
                wrong=None if truth is None else _wrong(given[box][here], truth[box][here]),
            )


def _wrong(given_P: np.ndarray, truth_P: np.ndarray) -> float | None:
    there = truth_P != IGNORE
    return float((given_P != truth_P)[there].mean()) if there.any() else None


def _map(known: np.ndarray, values_P: np.ndarray, other: object) -> np.ndarray:
    found = np.full(known.shape, other, values_P.dtype)
    found[known] = values_P
    return found
