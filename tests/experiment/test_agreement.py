"""How far people agree: counted by hand, and only where each worked on their own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torchmetrics.functional.classification import multiclass_cohen_kappa

from raysal.data.answers import Answer, AnswerStore, State
from raysal.data.decode import IGNORE
from raysal.errors import DataError
from raysal.experiment.agreement import Agreement, agreement, together, words_of
from raysal.experiment.cost import Cost
from raysal.experiment.layout import RunLayout
from raysal.experiment.query import Ask, write_query

SIZE, OWN, CLASSES = (4, 6), (8, 12), 3


@pytest.fixture
def layout(tmp_path: Path) -> RunLayout:
    """A query for the left half of two images."""
    layout = RunLayout(tmp_path / "run")
    here = layout.round(0).query
    here.mkdir(parents=True)
    write_query(here, [Ask(i, 0, 0, 4, 3, None, Cost(0.5, 12)) for i in ("a", "b")])
    return layout


def save(
    layout: RunLayout,
    who: str,
    raster: np.ndarray | None,
    image_id: str = "a",
    state: State = "done",
    **about: Any,
) -> int:
    store = AnswerStore(layout.answers / "round-000")
    return store.save(Answer(image_id, raster, who, "page", state, **about)).version


def agree(layout: RunLayout) -> list[Agreement]:
    return agreement(layout, [layout.round(0)], SIZE, CLASSES)


def drawn(left: int, fifth: int | None = None) -> np.ndarray:
    """The left half of one class, column 5 of another; the right half is not labelled."""
    raster = np.full(OWN, IGNORE, np.uint8)
    raster[:, :6] = left
    if fifth is not None:
        raster[:, 5] = fifth
    return raster


def test_two_people_on_one_image(layout: RunLayout) -> None:
    first = drawn(0, fifth=1)
    first[0] = IGNORE
    second = drawn(0)
    second[7] = 2
    second[:, 6:] = 1  # Outside of what was asked for.
    save(layout, "Bo", second)
    save(layout, "Ann", first)
    (pair,) = agree(layout)
    assert (pair.people, pair.images, pair.asked) == (("Ann", "Bo"), 1, 48)
    assert pair.confusion_CC.tolist() == [[30, 0, 5], [6, 0, 1], [0, 0, 0]]
    assert pair.both == 42
    assert pair.equal == 30 / 42
    assert pair.iou == [30 / 41, 0, 0]
    assert pair.confused_with(0) == (1, 6 / 41)
    assert pair.confused_with(2) == (0, 5 / 6)
    asked = np.zeros(OWN, bool)
    asked[1:, :6] = True
    theirs = multiclass_cohen_kappa(
        torch.from_numpy(first[asked]).int(), torch.from_numpy(second[asked]).int(), CLASSES
    )
    assert pair.kappa == pytest.approx(float(theirs), abs=1e-6)
    assert words_of([pair]).startswith("agreement of 2 annotators on 1 image: 71.4 % of the pixels")


def test_three_people_make_three_pairs(layout: RunLayout) -> None:
    for who, left in (("Ann", 0), ("Bo", 0), ("Cleo", 1)):
        save(layout, who, drawn(left))
    save(layout, "Ann", drawn(2), "b")
    save(layout, "Bo", drawn(2), "b")
    pairs = agree(layout)
    assert [(pair.people, pair.images, pair.equal) for pair in pairs] == [
        (("Ann", "Bo"), 2, 1),
        (("Ann", "Cleo"), 1, 0),
        (("Bo", "Cleo"), 1, 0),
    ]
    every = together(pairs)
    assert (every.images, every.asked, every.equal) == (2, 4 * 48, 0.5)
    assert pairs[0].kappa == 1
    assert pairs[1].kappa == 0
    assert pairs[0].confused_with(0) is None


def test_where_chance_alone_agrees_there_is_no_kappa(layout: RunLayout) -> None:
    save(layout, "Ann", drawn(0))
    save(layout, "Bo", drawn(0))
    assert words_of(agree(layout)) == (
        "agreement of 2 annotators on 1 image: 100.0 % of the pixels, mean IoU 100.0"
    )


@pytest.mark.parametrize(
    "about",
    [
        {"started_from": 1},
        {"reviewer": "Ann"},
        {"state": "draft"},
        {"raster": None, "state": "unusable"},
        {"who": "Ann"},
    ],
    ids=["goes on from another's", "reviewed", "draft", "unusable", "the same person"],
)
def test_what_is_no_second_answer(layout: RunLayout, about: dict[str, Any]) -> None:
    save(layout, "Ann", drawn(0))
    save(layout, **{"who": "Bo", "raster": drawn(1)} | about)
    assert agree(layout) == []
    assert words_of([]) == ""


def test_what_a_reviewer_saw_later_counts_as_it_was_before(layout: RunLayout) -> None:
    save(layout, "Ann", drawn(0), state="review")
    save(layout, "Bo", drawn(1), state="review")
    save(layout, "Bo", drawn(0), reviewer="Cleo")
    save(layout, "Ann", drawn(2), state="draft")
    (pair,) = agree(layout)
    assert pair.equal == 0


def test_nothing_that_both_labelled(layout: RunLayout) -> None:
    save(layout, "Ann", drawn(IGNORE))
    save(layout, "Bo", drawn(0))
    (pair,) = agree(layout)
    assert (pair.both, pair.equal, pair.kappa, pair.miou) == (0, None, None, None)
    assert words_of([pair]).endswith("on 1 image: no pixel that both labelled")


def test_a_damaged_answer_is_named(layout: RunLayout) -> None:
    save(layout, "Ann", drawn(0))
    save(layout, "Bo", drawn(0))
    path = max(layout.answers.rglob("*.png"))
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(DataError, match=f"{path.name} is damaged"):
        agree(layout)
