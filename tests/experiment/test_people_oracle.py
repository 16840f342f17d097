"""What counts as an answer: drafts, review, and what is there when somebody will not wait."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from raysal.data.answers import OUTSIDE, Answer, AnswerStore, Work
from raysal.data.decode import IGNORE, encode_png
from raysal.data.labels import ANNOTATOR, NONE, REFUSED, read_labels
from raysal.data.sets.folder import Folder
from raysal.experiment.answered import AnsweredQuery, words_of
from raysal.experiment.cost import Cost
from raysal.experiment.people import PeopleOracle
from raysal.experiment.query import Ask

QUERY, SIZE, OWN = "round-000", (4, 6), (8, 12)
IDS = ["a", "b", "c", "d"]
ASKS = [Ask(i, 0, 0, 2, 3, 1.0, Cost(0.25, 6)) for i in IDS]


@pytest.fixture
def dataset(tmp_path: Path) -> Folder:
    (tmp_path / "photos").mkdir()
    for image_id in IDS:
        (tmp_path / "photos" / f"{image_id}.png").write_bytes(encode_png(np.zeros(OWN, np.uint8)))
    return Folder(images=str(tmp_path / "photos"), classes=("sky", "road"), size=SIZE)


def drawn(value: int) -> np.ndarray:
    """The asked quarter of an image, at its own size."""
    raster = np.full(OWN, IGNORE, np.uint8)
    raster[:4, :6] = value
    return raster


@pytest.fixture
def store(tmp_path: Path) -> AnswerStore:
    """`a` is done and drawn on again, `b` waits for review, `c` is a draft; `d` is not begun."""
    store = AnswerStore(tmp_path / "answers" / QUERY)
    store.save(Answer("a", drawn(0), "Ann", "page"))
    store.save(Answer("a", drawn(1), "Ann", "page", "draft"))
    store.save(Answer("b", drawn(1), "Ann", "page", "review", seconds=9.0))
    store.save(Answer("c", drawn(1), "Bo", "page", "draft", seconds=5.0))
    return store


def taken(oracle: PeopleOracle, folder: Path) -> tuple[AnsweredQuery, dict[str, set[int]]]:
    """What became of each image, and the classes of its label."""
    folder.mkdir()
    oracle.label(QUERY, ASKS, folder)
    labels = {one.image_id: set(np.unique(one.label[:2, :3])) for one in read_labels(folder)}
    return AnsweredQuery.read(folder), labels


def test_drafts_and_what_waits_for_review_are_not_answers(
    dataset: Folder, store: AnswerStore
) -> None:
    oracle = PeopleOracle(dataset, store.folder.parent)
    assert oracle.unanswered(QUERY, ASKS) == IDS
    assert oracle.unfinished(QUERY, ASKS) == {"draft": 2, "review": 1}
    store.save(Answer("b", drawn(1), "Ann", "page", reviewer="Cleo"))
    store.save(Answer("d", None, "Bo", "page", "unusable"))
    assert oracle.unanswered(QUERY, ASKS) == ["a", "c"]
    assert oracle.unfinished(QUERY, ASKS) == {"draft": 2}


def test_what_was_finished_once_is_taken_and_the_rest_given_back(
    dataset: Folder, store: AnswerStore, tmp_path: Path
) -> None:
    oracle = PeopleOracle(dataset, store.folder.parent, take=True)
    assert oracle.unanswered(QUERY, ASKS) == []
    answered, labels = taken(oracle, tmp_path / "labels")
    assert labels == {"a": {0}}
    assert [(row.image_id, row.state, row.unfinished) for row in answered.images] == [
        ("a", "labelled", "draft"),
        ("b", "given back", "review"),
        ("c", "given back", "draft"),
        ("d", "given back", ""),
    ]
    assert [row.version for row in answered.images] == [1, 1, 1, 0]
    assert [row.seconds for row in answered.images] == [None, 9.0, 5.0, None]
    assert words_of(answered.images) == [
        "3 of 4 images are given back to the pool; of these, 1 waits for review and 1 is a draft, "
        "and are not trained on",
        "1 image is taken as finished before, though drawn on again or not reviewed",
    ]


def test_what_nobody_has_reviewed_is_taken_on_demand(
    dataset: Folder, store: AnswerStore, tmp_path: Path
) -> None:
    oracle = PeopleOracle(dataset, store.folder.parent, take=True, unreviewed=True)
    answered, labels = taken(oracle, tmp_path / "labels")
    assert labels == {"a": {0}, "b": {1}}
    assert [row.state for row in answered.images] == ["labelled"] * 2 + ["given back"] * 2


def test_nothing_finished_is_nothing_to_take(dataset: Folder, tmp_path: Path) -> None:
    store = AnswerStore(tmp_path / "answers" / QUERY)
    store.save(Answer("b", drawn(1), "Ann", "page", "review"))
    assert PeopleOracle(dataset, store.folder.parent, take=True).unanswered(QUERY, ASKS) == IDS
    both = PeopleOracle(dataset, store.folder.parent, take=True, unreviewed=True)
    assert both.unanswered(QUERY, ASKS) == []


def test_the_work_is_in_the_ledger(dataset: Folder, tmp_path: Path) -> None:
    work = (
        Work(region=0, class_id=1, tool="brush", seconds=2.5, clicks=4, undos=1),
        Work(region=OUTSIDE, class_id=255, tool="eraser", seconds=0.5, clicks=1, undos=0),
    )
    store = AnswerStore(tmp_path / "answers" / QUERY)
    store.save(Answer("a", drawn(1), "Ann", "page", work=work, undos=1, clicks=5, reviewer="Cleo"))
    oracle = PeopleOracle(dataset, store.folder.parent, take=True)
    answered, _ = taken(oracle, tmp_path / "labels")
    first = answered.images[0]
    assert (first.work, first.undos, first.reviewer) == (work, 1, "Cleo")


def test_refused_pixels_are_resized_as_masks_are(dataset: Folder, tmp_path: Path) -> None:
    """What is asked for, and what is labelled beside it, cannot be refused."""
    refused = np.zeros(OWN, bool)
    refused[:, :8] = True
    raster = drawn(1)
    raster[4:6, :2] = 0
    store = AnswerStore(tmp_path / "answers" / QUERY)
    store.save(Answer("a", raster, "Ann", "page", refused=refused))
    taken(PeopleOracle(dataset, store.folder.parent, take=True), tmp_path / "labels")
    (one,) = read_labels(tmp_path / "labels")
    expected = np.full(SIZE, NONE)
    expected[:, :4] = REFUSED
    expected[:2, :3] = expected[2, 0] = ANNOTATOR
    assert np.array_equal(one.source, expected)
    assert (one.label[one.source == REFUSED] == IGNORE).all()
