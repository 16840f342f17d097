"""Confident learning on pixels: which labels a model contradicts with confidence.

The method of `cleanlab.segmentation` (Lad & Mueller, Estimating label quality and errors in
semantic segmentation data via any model, 2023; Northcutt, Jiang & Chuang, Confident learning, JAIR
2021), written for labels of which some pixels are unknown, which the library does not take, and in
one pass over the images:

1. the threshold of a class is the mean probability of the class over the pixels labelled with it;
2. so many labels are wrong as there are pixels whose most probable class is another than the label,
   with a probability of at least that class's threshold;
3. these are sought among the pixels with the least probable labels; those whose label is the most
   probable class are let go again.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

TEMPERATURE = 0.1
"""Of `softmin`, as in the library."""
_BINS = 1 << 16
# Thresholds are compared with a margin for rounding.
_MARGIN = 1e-3


@dataclass(frozen=True)
class Opinion:
    """What a model thinks of the P known pixels of an image.

    Attributes:
        given_P: uint8, their labels.
        given_prob_P: float16, the probability of the label.
        top_P: uint8, the most probable class.
        top_prob_P: float16, its probability.
    """

    given_P: np.ndarray
    given_prob_P: np.ndarray
    top_P: np.ndarray
    top_prob_P: np.ndarray


def opinion(probabilities_CHW: np.ndarray, label: np.ndarray, known: np.ndarray) -> Opinion:
    """A model's opinion of a label.

    Args:
        probabilities_CHW: of the classes.
        label: uint8 (H, W) class ids.
        known: bool (H, W): the pixels to judge.
    """
    probs_CP, given_P = probabilities_CHW[:, known], label[known]
    top_P = probs_CP.argmax(0)
    place_P = np.arange(len(given_P))
    return Opinion(
        given_P,
        probs_CP[given_P, place_P].astype(np.float16),
        top_P.astype(np.uint8),
        probs_CP[top_P, place_P].astype(np.float16),
    )


def thresholds(opinions: Iterable[Opinion], classes: int) -> np.ndarray:
    """(C,) float64: mean probability of each class over the pixels labelled with it; of a class
    without labels, the mean of the others (the library counts every pixel of it)."""
    sums_C, counts_C = np.zeros(classes), np.zeros(classes, np.int64)
    for one in opinions:
        sums_C += np.bincount(one.given_P, one.given_prob_P.astype(np.float64), classes)
        counts_C += np.bincount(one.given_P, minlength=classes)
    there = counts_C > 0
    found_C = np.full(classes, np.inf)
    found_C[there] = sums_C[there] / counts_C[there]
    if there.any():
        found_C[~there] = found_C[there].mean()
    return found_C


@dataclass(frozen=True)
class Cutoff:
    """The least probable labels, of which there are as many as labels are estimated to be wrong.

    Attributes:
        errors: estimated number of wrong pixels.
        highest: probability of the label up to which a pixel is among them; -1 if none is.
    """

    errors: int
    highest: float

    def wrong(self, one: Opinion) -> np.ndarray:
        """bool (P,): the labels that are taken for wrong."""
        low = one.given_prob_P.astype(np.float64) <= self.highest
        return np.asarray(low & (one.top_P != one.given_P))


def cutoff(opinions: Iterable[Opinion], thresholds_C: np.ndarray) -> Cutoff:
    """How many labels are wrong, and from which probability on; exact to the last bit of a float16,
    whose ties are all taken."""
    errors, counts = 0, np.zeros(_BINS, np.int64)
    for one in opinions:
        confident_P = one.top_prob_P.astype(np.float64) >= thresholds_C[one.top_P] - _MARGIN
        errors += int(np.count_nonzero(confident_P & (one.top_P != one.given_P)))
        # The bits of positive floats are in the order of their values.
        counts += np.bincount(one.given_prob_P.view(np.uint16), minlength=_BINS)
    if not errors:
        return Cutoff(0, -1.0)
    bits = np.array([int(np.searchsorted(counts.cumsum(), errors))], np.uint16)
    return Cutoff(errors, float(bits.view(np.float16)[0]))


def softmin(values_P: np.ndarray, temperature: float = TEMPERATURE) -> float:
    """Quality of an image's labels from the probabilities of its labels, 0..1: a mean in which low
    values weigh most; 1 without pixels."""
    if not len(values_P):
        return 1.0
    values_P = values_P.astype(np.float64)
    weight_P = np.exp((values_P.min() - values_P) / temperature)
    return float((values_P * weight_P).sum() / weight_P.sum())
