"""Labels: the round trip, and how rounds are merged."""

from __future__ import annotations

from functools import reduce
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from raysal.data.decode import IGNORE
from raysal.data.labels import (
    ANNOTATOR,
    EXTENDED,
    FILE,
    NONE,
    REFUSED,
    LabelledImage,
    labelled_ids,
    merge,
    partly_labelled,
    read_about,
    read_labels,
    read_merged,
    write_labels,
)
from raysal.errors import DataError
from raysal.storage.document import REPAIR
from tests.support.labels import whole_image


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


def test_a_store_may_say_more(tmp_path: Path) -> None:
    write_labels(tmp_path, some(2), "part-a.parquet", {"what": "five"})
    write_labels(tmp_path, some(1), "part-b.parquet")
    first, second = read_about(tmp_path)
    assert first["what"] == "five"
    assert "what" not in second
    assert [one.image_id for one in read_labels(tmp_path)] == ["town/0", "town/1", "town/0"]


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
    ((IGNORE, REFUSED), (2, EXTENDED), (IGNORE, REFUSED)),
    ((IGNORE, REFUSED), (2, ANNOTATOR), (2, ANNOTATOR)),
    ((IGNORE, REFUSED), (IGNORE, NONE), (IGNORE, REFUSED)),
    ((1, EXTENDED), (IGNORE, REFUSED), (IGNORE, REFUSED)),
    ((1, ANNOTATOR), (IGNORE, REFUSED), (1, ANNOTATOR)),
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
    with pytest.raises(DataError, match=r"no labels at|is damaged: ") as caught:
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


def test_maps_of_different_shapes_are_named(tmp_path: Path) -> None:
    label, source = np.zeros((4, 5), np.uint8), np.zeros((5, 4), np.uint8)
    write_labels(tmp_path, [LabelledImage("town/1", label, source)])
    for read in (lambda: list(read_labels(tmp_path)), lambda: read_merged([tmp_path])):
        with pytest.raises(DataError) as caught:
            read()
        assert str(caught.value) == (
            f"{tmp_path / FILE}: the source map of 'town/1' is 5x4, its label map 4x5; {REPAIR}"
        )


# --- Several stores -------------------------------------------------------------------------

steady = settings(deadline=None, derandomize=True)
sides = st.shared(st.tuples(st.integers(1, 5), st.integers(1, 5)), key="size")


@st.composite
def images(draw: st.DrawFn) -> LabelledImage:
    """One image, as a store may hold it: a label wherever there is a source, or 255."""
    size = draw(sides)
    source = draw(hnp.arrays(np.uint8, size, elements=st.integers(NONE, REFUSED)))
    label = draw(hnp.arrays(np.uint8, size, elements=st.sampled_from([0, 1, 2, IGNORE])))
    return LabelledImage(
        "a",
        np.where((source == NONE) | (source == REFUSED), IGNORE, label).astype(np.uint8),
        source,
    )


@steady
@given(images(), images())
def test_an_extended_label_is_never_an_annotators(
    older: LabelledImage, newer: LabelledImage
) -> None:
    """It neither replaces one nor passes for one, whichever came first; nor is it where one of
    them has refused it."""
    merged = merge(older, newer)
    said_older, said_newer = older.source == ANNOTATOR, newer.source == ANNOTATOR
    assert np.array_equal(merged.source == ANNOTATOR, said_older | said_newer)
    assert np.array_equal(merged.label[said_newer], newer.label[said_newer])
    only_older = said_older & ~said_newer
    assert np.array_equal(merged.label[only_older], older.label[only_older])

    extended = merged.source == EXTENDED
    either = (older.source == EXTENDED) | (newer.source == EXTENDED)
    refused = (older.source == REFUSED) | (newer.source == REFUSED)
    assert np.array_equal(extended, either & ~said_older & ~said_newer & ~refused)
    fresh = extended & (newer.source == EXTENDED)
    assert np.array_equal(merged.label[fresh], newer.label[fresh])
    kept = extended & ~fresh
    assert np.array_equal(merged.label[kept], older.label[kept])
    nothing = (merged.source == NONE) | (merged.source == REFUSED)
    assert (merged.label[nothing] == IGNORE).all()


@steady
@given(images(), images(), images())
def test_merging_goes_in_any_grouping(a: LabelledImage, b: LabelledImage, c: LabelledImage) -> None:
    assert same(merge(merge(a, b), c), merge(a, merge(b, c)))
    assert same(merge(a, a), a)


def stores(folder: Path) -> list[Path]:
    """Three stores: of images 0-3 in part, of 2-5 in part, of 5-6 extended only."""
    rng = np.random.default_rng(0)
    folders = []
    for name, numbers, kinds in (
        ("first", range(4), [NONE, ANNOTATOR]),
        ("second", range(2, 6), [NONE, ANNOTATOR]),
        ("extended", range(5, 7), [NONE, EXTENDED]),
    ):
        held = []
        for number in numbers:
            source = rng.choice(kinds, (6, 7)).astype(np.uint8)
            label = np.where(source == NONE, IGNORE, rng.integers(0, 4, (6, 7))).astype(np.uint8)
            held.append(LabelledImage(f"town/{number}", label, source))
        (folder / name).mkdir()
        write_labels(folder / name, held)
        folders.append(folder / name)
    return folders


def test_what_several_stores_know_together(tmp_path: Path) -> None:
    folders = stores(tmp_path)
    held = [{image.image_id: image for image in read_labels(folder)} for folder in folders]
    merged = read_merged(folders)
    assert set(merged) == {f"town/{number}" for number in range(7)}
    for image_id, image in merged.items():
        assert same(image, reduce(merge, [h[image_id] for h in held if image_id in h]))
    some = read_merged(folders, {"town/5", "town/0", "absent"})
    assert set(some) == {"town/0", "town/5"}
    assert all(same(image, merged[image_id]) for image_id, image in some.items())
    assert read_merged([]) == {}


def test_stores_that_differ_in_size(tmp_path: Path) -> None:
    for name, size in (("old", (4, 5)), ("new", (8, 10))):
        (tmp_path / name).mkdir()
        write_labels(tmp_path / name, [whole_image("town/1", np.zeros(size, np.uint8))])
    with pytest.raises(DataError) as caught:
        read_merged([tmp_path / "old", tmp_path / "new"])
    assert str(caught.value) == (
        f"{tmp_path / 'new'}: the label map of 'town/1' is 8x10, an older one 4x5; {REPAIR}"
    )


def test_partly_labelled_is_what_annotators_left_something_of(tmp_path: Path) -> None:
    left = np.full((4, 6), NONE, np.uint8)
    left[:, :3] = ANNOTATOR
    right = (ANNOTATOR - left).astype(np.uint8)
    by_extension = np.where(left == NONE, EXTENDED, left).astype(np.uint8)
    whole = np.full((4, 6), ANNOTATOR, np.uint8)
    unknown = np.full((4, 6), IGNORE, np.uint8)

    def store(name: str, **sources: np.ndarray) -> Path:
        (tmp_path / name).mkdir()
        write_labels(tmp_path / name, (LabelledImage(i, unknown, s) for i, s in sources.items()))
        return tmp_path / name

    first = store("1", whole=whole, half=left, both=left, extended=by_extension, twice=left)
    second = store("2", both=right, twice=left, late=right)
    assert partly_labelled([first]) == {"half", "both", "extended", "twice"}
    assert partly_labelled([first, second]) == {"half", "extended", "twice", "late"}
    assert partly_labelled([second, first]) == {"half", "extended", "twice", "late"}
    assert partly_labelled([]) == set()
