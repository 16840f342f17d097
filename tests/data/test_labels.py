"""Labels: the round trip, and how rounds are merged."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from raysal.data.decode import IGNORE
from raysal.data.labels import (
    ANNOTATOR,
    EXTENDED,
    FILE,
    NONE,
    LabelledImage,
    labelled_ids,
    merge,
    read_labels,
    whole_image,
    write_labels,
)
from raysal.errors import DataError


def same(a: LabelledImage, b: LabelledImage) -> bool:
    return (
        a.image_id == b.image_id
        and np.array_equal(a.label, b.label)
        and np.array_equal(a.source, b.source)
    )


def some(count: int) -> list[LabelledImage]:
    rng = np.random.default_rng(0)
    return [
        LabelledImage(
            f"town/{i}",
            rng.choice([0, 3, 254, IGNORE], (5 + i % 3, 7)).astype(np.uint8),
            rng.integers(0, 3, (5 + i % 3, 7)).astype(np.uint8),
        )
        for i in range(count)
    ]


@pytest.mark.parametrize("count", [0, 1, 32, 70])
def test_round_trip(count: int, tmp_path: Path) -> None:
    labels = some(count)
    assert write_labels(tmp_path, iter(labels)) == count
    assert all(same(a, b) for a, b in zip(read_labels(tmp_path), labels, strict=True))
    assert labelled_ids(tmp_path) == [label.image_id for label in labels]
    wanted = {"town/0", "town/40"}
    found = [label.image_id for label in read_labels(tmp_path, wanted)]
    assert found == [label.image_id for label in labels if label.image_id in wanted]


def test_a_whole_image_is_the_annotators() -> None:
    label = np.array([[1, IGNORE]], np.uint8)
    assert (whole_image("a", label).source == ANNOTATOR).all()


# Each column is a case: (older label, source), (newer label, source), merged label and source.
CASES = [
    ((1, ANNOTATOR), (2, ANNOTATOR), (2, ANNOTATOR)),
    ((1, ANNOTATOR), (2, EXTENDED), (1, ANNOTATOR)),
    ((1, ANNOTATOR), (IGNORE, NONE), (1, ANNOTATOR)),
    ((1, ANNOTATOR), (IGNORE, ANNOTATOR), (IGNORE, ANNOTATOR)),
    ((1, EXTENDED), (2, ANNOTATOR), (2, ANNOTATOR)),
    ((1, EXTENDED), (2, EXTENDED), (2, EXTENDED)),
    ((1, EXTENDED), (IGNORE, NONE), (1, EXTENDED)),
    ((IGNORE, NONE), (2, ANNOTATOR), (2, ANNOTATOR)),
    ((IGNORE, NONE), (2, EXTENDED), (2, EXTENDED)),
    ((5, NONE), (IGNORE, NONE), (IGNORE, NONE)),
    ((IGNORE, ANNOTATOR), (2, EXTENDED), (IGNORE, ANNOTATOR)),
]


def test_annotators_go_before_extended_and_newer_before_older() -> None:
    def image(which: int) -> LabelledImage:
        pairs = np.array([case[which] for case in CASES], np.uint8)
        return LabelledImage("a", pairs[None, :, 0], pairs[None, :, 1])

    older, newer = image(0), image(1)
    kept = older.label.copy(), newer.label.copy()
    assert same(merge(older, newer), image(2))
    assert np.array_equal(older.label, kept[0])
    assert np.array_equal(newer.label, kept[1])


@pytest.mark.parametrize("content", [None, b"", b"PAR1 no PAR1"])
def test_a_missing_or_damaged_store_is_named(content: bytes | None, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / FILE).write_bytes(content)
    with pytest.raises(DataError, match="no labels at") as caught:
        list(read_labels(tmp_path))
    assert str(tmp_path / FILE) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_interrupted_write_leaves_nothing(tmp_path: Path) -> None:
    def until_interrupted() -> object:
        yield some(1)[0]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_labels(tmp_path, until_interrupted())
    assert list(tmp_path.iterdir()) == []
