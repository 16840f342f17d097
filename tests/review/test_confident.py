"""Confident learning on pixels, against worked cases of `cleanlab.segmentation` 2.9.0."""

import numpy as np
import pytest

from raysal.data.decode import IGNORE
from raysal.review.confident import Opinion, cutoff, opinion, softmin, thresholds

CLASSES, SIZE = 3, (12, 16)


def made(seed, images=2):
    """Labels of which a tenth is wrong, and probabilities that mostly know better."""
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(images):
        truth = rng.integers(0, CLASSES, SIZE).astype(np.uint8)
        label = np.where(rng.random(SIZE) < 0.1, rng.integers(0, CLASSES, SIZE), truth)
        is_class = np.arange(CLASSES)[:, None, None] == truth
        logits = rng.normal(size=(CLASSES, *SIZE)) + 2.5 * is_class
        probs = np.exp(logits) / np.exp(logits).sum(0)
        # The precision that opinions have, in which the library was given them.
        found.append((label.astype(np.uint8), probs.astype(np.float16).astype(np.float64)))
    return found


def opinions(cases):
    return [opinion(probs, label, np.ones(SIZE, bool)) for label, probs in cases]


# The flat indices of label issues over both images, and the scores of these, from the library:
# `find_label_issues(labels, probs)` and `get_label_quality_scores(labels, probs)`.
ISSUES = {
    0: [17, 63, 97, 100, 111, 118, 126, 127, 152, 173, 215, 227, 230, 256, 258, 261, 269, 302, 306,
        329, 341, 352, 367, 369, 370],
    1: [15, 88, 114, 132, 146, 151, 155, 167, 169, 179, 200, 270, 281, 294, 295, 306, 325, 341, 356,
        368, 372],
}  # fmt: skip
SCORES = {0: [0.080591, 0.090051], 1: [0.053375, 0.075957]}


@pytest.mark.parametrize("seed", [0, 1])
def test_the_same_issues_and_scores_as_the_library(seed):
    found = opinions(made(seed))
    cut = cutoff(found, thresholds(found, CLASSES))
    issues = np.concatenate([cut.wrong(one) for one in found])
    assert np.flatnonzero(issues).tolist() == ISSUES[seed]
    assert [softmin(one.given_prob_P) for one in found] == pytest.approx(SCORES[seed], abs=1e-5)


def test_unknown_pixels_are_not_judged():
    ((label, probs),) = made(3, images=1)
    known = np.random.default_rng(0).random(SIZE) < 0.5
    hidden = opinion(probs, np.where(known, label, np.uint8(IGNORE)), known)
    shown = opinion(probs, label, np.ones(SIZE, bool))
    assert len(hidden.given_P) == known.sum()
    assert np.array_equal(hidden.given_prob_P, shown.given_prob_P[known.ravel()])


def test_a_class_without_labels_has_the_mean_threshold_of_the_others():
    one = Opinion(
        np.array([0, 0, 1], np.uint8), np.array([0.8, 0.6, 0.5], np.float16),
        np.array([0, 0, 2], np.uint8), np.array([0.8, 0.6, 0.5], np.float16),
    )  # fmt: skip
    assert thresholds([one], 3) == pytest.approx([0.7, 0.5, 0.6], abs=1e-3)
    # Class 2 is predicted with 0.5, less than 0.6.
    assert cutoff([one], thresholds([one], 3)).errors == 0


def test_labels_that_a_model_shares_are_right():
    given = np.zeros(5, np.uint8)
    sure = np.full(5, 0.9, np.float16)
    one = Opinion(given, sure, given, sure)
    cut = cutoff([one], thresholds([one], 2))
    assert (cut.errors, cut.highest) == (0, -1.0)
    assert not cut.wrong(one).any()


def test_without_pixels_nothing_is_wrong():
    nothing = opinion(np.zeros((2, 3, 3)), np.zeros((3, 3), np.uint8), np.zeros((3, 3), bool))
    assert softmin(nothing.given_prob_P) == 1.0
    assert cutoff([nothing], thresholds([nothing], 2)).errors == 0
