"""Numbers for people."""

import pytest

from raysal.report.draw.format import signed


@pytest.mark.parametrize(
    ("value", "text"), [(0.314, "+0.31"), (-1.0, "-1.00"), (0.001, "0.00"), (-0.004, "0.00")]
)
def test_a_difference_that_is_zero_in_print_has_no_sign(value, text):
    assert signed(value) == text
