"""Classes by name and by colour."""

from __future__ import annotations

import numpy as np
import pytest

from raysal.annotate.exchange.classes import Classes, check_ids, ids_of_colours
from raysal.errors import DataError

CLASSES = Classes(
    ("Road", "road sign", "Sky", "sky "), [(0, 0, 0), (1, 2, 3), (9, 9, 9), (5, 5, 5)]
)


@pytest.mark.parametrize(
    ("name", "class_id"), [("Road", 0), (" road ", 0), ("Road  Sign", 1), ("Sky", 2), ("sky ", 3)]
)
def test_found(name: str, class_id: int) -> None:
    assert CLASSES.id_of(name) == class_id


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("SKY", "class 'SKY' may be any of 'Sky', 'sky '"),
        ("road sgin", "class 'road sgin' is not one of the run's; did you mean"),
        ("", "class '' is not one of the run's; known: "),
        (3, "class '3' is not"),
        (None, "class 'None' is not"),
    ],
)
def test_not_found(name: object, reason: str) -> None:
    with pytest.raises(DataError, match=reason):
        CLASSES.id_of(name)


def test_colours() -> None:
    assert CLASSES.unlabelled == (255, 255, 255)
    assert Classes("ab", [(0, 0, 1), (0, 1, 0)]).unlabelled == (0, 0, 0)
    rgb = np.array([[[1, 2, 3], [9, 9, 9], [255, 255, 255]]], np.uint8)
    assert ids_of_colours(rgb, CLASSES.by_colour).tolist() == [[1, 2, 255]]
    with pytest.raises(DataError, match=r"colours of no class: \[9, 9, 8\] in 1 pixels"):
        ids_of_colours(np.array([[[9, 9, 8]]], np.uint8), CLASSES.by_colour)
    with pytest.raises(DataError, match=r"two classes have the colour \[1, 2, 3\]"):
        _ = Classes("ab", [(1, 2, 3), (1, 2, 3)]).by_colour


@pytest.mark.parametrize(
    ("ids", "reason"),
    [
        ([0, 1, 255], None),
        ([1, 3], "no class has the id 3; .* count from 1"),
        ([0, 3], "no class has the id 3; ids are 0..2, and 255 where nothing is labelled$"),
        ([-1, 7, 8, 9, 10, 300], "no class has the id -1, 7, 8, 9 and 2 more"),
    ],
)
def test_ids(ids: list[int], reason: str | None) -> None:
    if reason is None:
        check_ids(np.array(ids), 3)
    else:
        with pytest.raises(DataError, match=reason):
            check_ids(np.array(ids), 3)
