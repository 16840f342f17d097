"""What a user is told if no labels are extended."""

from __future__ import annotations

import re

import pytest

from raysal.experiment.extend_labels import why_not_extended
from raysal.regions.calibrate import Calibration
from raysal.regions.extend_config import ExtendConfig


@pytest.mark.parametrize(
    ("precision", "error", "words"),
    [
        (None, None, "no pixels to measure the precision on, but cle.precision = 0.9 plus 2"),
        (0.95, 0.03, "precision 0.950 ± 0.030 with the best thresholds, but cle.precision = 0.9"),
        # It would be enough, were there not a single image that holds nearly all pixels.
        (0.97, 0.01, "measured on 2 images .* too few to be sure; raise cle.calibration_images"),
    ],
)
def test_the_reason_is_that_which_holds(
    precision: float | None, error: float | None, words: str
) -> None:
    found = Calibration(None, precision, error, 0.5, 2)
    assert re.search(words, why_not_extended(found, ExtendConfig(precision=0.9, margin=2)))
