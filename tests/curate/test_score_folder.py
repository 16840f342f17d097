"""Which requests the record of a score folder covers."""

from __future__ import annotations

from typing import Any

import pytest

from raysal.curate.score_folder import Scope


def scope(**changes: Any) -> Scope:
    values = {"pool": "p", "fingerprint": "f", "limit": None, "candidates": None, "lottery": None}
    return Scope(**(values | changes))


LOT = {"lottery": 1}


@pytest.mark.parametrize(
    ("wide", "narrow", "covers"),
    [
        ({}, {}, True),
        ({}, {"limit": 5, "candidates": 0.5, **LOT}, True),
        ({"limit": 5}, {"limit": 5}, True),
        ({"limit": 5}, {"limit": 4}, True),
        ({"limit": 4}, {"limit": 5}, False),
        ({"limit": 4}, {}, False),
        ({"limit": 5}, {"limit": 2, "candidates": 0.5, **LOT}, False),  # Reaches further.
        ({"candidates": 0.5, **LOT}, {"candidates": 0.4, **LOT}, True),
        ({"candidates": 0.5, **LOT}, {"candidates": 0.5, "limit": 9, **LOT}, True),
        ({"candidates": 0.5, **LOT}, {"candidates": 0.6, **LOT}, False),
        ({"candidates": 0.5, **LOT}, {"candidates": 0.4, "lottery": 2}, False),
        ({"candidates": 0.5, "limit": 9, **LOT}, {"candidates": 0.4, "limit": 3, **LOT}, False),
        ({"candidates": 0.5, **LOT}, {}, False),
        ({"fingerprint": "g"}, {}, False),
        ({"pool": "q"}, {}, False),
    ],
)
def test_covered_requests(wide: dict[str, Any], narrow: dict[str, Any], covers: bool) -> None:
    assert scope(**wide).covers(scope(**narrow)) is covers
