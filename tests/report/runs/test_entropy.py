"""Entropy over the classes, and its bounds."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from raysal.report.runs.entropy import class_entropy


@given(st.lists(st.integers(0, 10**12), min_size=1, max_size=12))
def test_class_entropy_lies_between_zero_and_uniform(counts: list[int]) -> None:
    value = class_entropy(counts)
    assert -1e-12 <= value <= math.log(len(counts)) + 1e-9
    assert class_entropy([5] * len(counts)) == pytest.approx(math.log(len(counts)))
    assert class_entropy([*counts, 0]) == pytest.approx(value)
