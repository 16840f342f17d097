"""Parts of images whose label is taken for wrong."""

import numpy as np
import pytest

from raysal.review.confident import opinion
from raysal.review.found import Found, ImageQuality, measured
from raysal.review.suspects import suspects

SIZE = (40, 40)
ROAD, CAR, SKY = 0, 1, 2


def of(label, predicted, sure=0.9, truth=None):
    """Suspects of a label where a prediction differs from it."""
    probs = np.full((3, *SIZE), (1 - sure) / 2)
    np.put_along_axis(probs, predicted[None].astype(int), sure, 0)
    known = np.ones(SIZE, bool)
    one = opinion(probs, label, known)
    return list(suspects(one, one.top_P != one.given_P, known, truth))


def road():
    return np.full(SIZE, ROAD, np.uint8)


def test_a_segment_with_a_wrong_class():
    label, predicted = road(), road()
    label[5:15, 10:30] = CAR
    label[20:22, :] = SKY  # A strip of two pixels, as along a border.
    (found,) = of(label, predicted, truth=predicted)
    assert (found.given, found.predicted) == (CAR, ROAD)
    assert (found.row, found.col, found.height, found.width) == (5, 10, 10, 20)
    assert found.pixels == 200
    assert found.wrong == 1.0
    assert found.probability == pytest.approx(0.05, abs=1e-3)


def test_parts_with_different_labels_are_apart_and_touching_corners_are_not():
    label, predicted = road(), road()
    label[0:4, 0:4], label[4:8, 4:8], label[0:4, 4:8] = CAR, CAR, SKY
    assert sorted(one.given for one in of(label, predicted)) == [CAR, SKY]


def test_few_pixels_are_not_worth_a_look():
    label, predicted = np.zeros((40, 40), np.uint8), road()
    label[3:4, 3:6] = CAR
    assert not of(label, predicted)


def test_the_truth_may_be_partly_unknown():
    label, predicted, truth = road(), road(), road()
    label[0:10, 0:10] = CAR
    truth[0:5], truth[5:8] = 255, CAR
    (found,) = of(label, predicted, truth=truth)
    assert found.wrong == pytest.approx(2 / 5)


def made(count, wrong):
    label, predicted = road(), road()
    label[0:10, 0:10] = CAR
    (one,) = of(label, predicted, truth=predicted)
    found = []
    for number in range(count):
        share = 1.0 if number in wrong else 0.0
        found.append(
            Found(str(number), "initial", False, type(one)(**{**vars(one), "wrong": share}))
        )
    return found


def test_precision_and_what_is_found():
    images = [ImageQuality("a", "initial", False, 0.5, 1600, flagged=400, wrong=600, hit=300)]
    figures = measured(made(20, {0, 1, 2, 12}), images)
    assert figures["precision"] == {10: 30.0, 20: 20.0}
    assert figures["found_percent"] == {10: 50.0, 20: pytest.approx(400 / 6)}
    assert (figures["pixel_precision"], figures["pixel_recall"]) == (75.0, 50.0)


@pytest.mark.parametrize("wrong", [None, 0])
def test_without_errors_or_truth_nothing_is_measured(wrong):
    images = [ImageQuality("a", "initial", False, 0.5, 1600, 400, wrong, wrong)]
    assert measured(made(2, {0}), images) == {}
