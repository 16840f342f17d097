"""The store of answers: every version is kept, and the latest counts."""

from __future__ import annotations

import errno
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from raysal.data.answers import OUTSIDE, Answer, AnswerStore, Work, origin
from raysal.errors import DataError
from tests.support.faults import disk_full_for

ID = "town 1/../\u00fc/a.b"


def raster(seed: int, size: tuple[int, int] = (7, 9)) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 5, size).astype(np.uint8)


def answer(seed: int, image_id: str = ID, **changes: object) -> Answer:
    return Answer(image_id, raster(seed), "Ann", "png", **changes)  # type: ignore[arg-type]


def test_the_latest_version_counts_and_all_are_kept(tmp_path: Path) -> None:
    store = AnswerStore(tmp_path / "query")
    assert store.current(ID) is None
    assert store.heads() == {}
    first = store.save(answer(1, seconds=12.5, clicks=3, note="dark"))
    second = store.save(answer(2, state="draft"))
    assert (first.version, second.version) == (1, 2)
    current = store.current(ID)
    assert current is not None
    assert current.state == "draft"
    assert (current.raster == raster(2)).all()
    oldest, newest = store.versions(ID)
    assert (oldest.seconds, oldest.clicks, oldest.note, oldest.version) == (12.5, 3, "dark", 1)
    assert (oldest.raster == raster(1)).all()
    assert newest.version == 2
    assert store.heads() == {ID: second}
    assert second.size == (7, 9)


def test_an_answer_that_may_not_be_read_is_not_called_damaged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = AnswerStore(tmp_path)
    store.save(answer(1))

    def refuse(path: Path, **options: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr("PIL.Image.open", refuse)
    with pytest.raises(PermissionError, match=r"\.png"):
        store.current_head(ID)


def test_texts_are_one_line_of_bounded_length(tmp_path: Path) -> None:
    """A text chunk of more than a megabyte would not be read again."""
    store = AnswerStore(tmp_path)
    long = "dark\n\x1b[1m\ud800" + " x" * (1 << 20)
    store.save(answer(1, note=long, reviewer="Eve\n"))
    head = store.current_head(ID)
    assert head is not None
    assert head.note.startswith("dark \\x1b[1m\\ud800 x x")
    assert (len(head.note), head.reviewer) == (2000, "Eve")


def test_a_session_keeps_its_last_draft_alone(tmp_path: Path) -> None:
    store = AnswerStore(tmp_path)
    for seed in range(3):
        store.save(answer(seed, state="draft", session="tab 1"))
    assert [head.version for head in store.version_heads(ID)] == [3]
    store.save(answer(3, state="draft", session="tab 2"))
    store.save(answer(4, state="draft", session="tab 1"))  # The last of tab 2 stays.
    assert [head.version for head in store.version_heads(ID)] == [3, 4, 5]
    store.save(answer(5, session="tab 1"))
    store.save(answer(6, session="tab 1"))  # What was finished is never removed.
    store.save(answer(7, state="draft"))
    store.save(answer(8, state="draft"))  # Nor is a draft of no session.
    assert [head.version for head in store.version_heads(ID)] == [3, 4, 6, 7, 8, 9]


def test_reading_goes_on_while_drafts_are_replaced(tmp_path: Path) -> None:
    store = AnswerStore(tmp_path)
    store.save(answer(0, state="draft", session="tab"))
    with ThreadPoolExecutor(1) as threads:
        saved = [
            threads.submit(store.save, answer(seed, state="draft", session="tab"))
            for seed in range(1, 60)
        ]
        while not saved[-1].done():
            assert store.current(ID) is not None
            assert list(store.heads()) == [ID]


def test_what_an_answer_cost_and_who_gave_it(tmp_path: Path) -> None:
    work = (
        Work(region=0, class_id=3, tool="brush", seconds=2.5, clicks=4, undos=1),
        Work(region=OUTSIDE, class_id=255, tool="eraser", seconds=0.5, clicks=1, undos=0),
    )
    store = AnswerStore(tmp_path)
    store.save(answer(1, state="review", work=work, undos=1, session="tab"))
    store.save(Answer(ID, raster(2), "Bea", "page", reviewer="Cleo"))
    first = store.latest_of(ID, "Ann")
    assert first is not None
    assert (first.work, first.undos, first.session) == (work, 1, "tab")
    last = store.current_head(ID)
    assert last is not None
    assert (last.annotator, last.reviewer, last.settled) == ("Bea", "Cleo", True)
    assert [head.settled for head in store.version_heads(ID)] == [False, True]
    assert store.latest_of(ID, "Dora") is None


def test_refused_pixels_are_part_of_a_version(tmp_path: Path) -> None:
    store = AnswerStore(tmp_path)
    some = raster(3, (70, 101)) < 2
    drawn = raster(4, (70, 101))
    store.save(Answer(ID, drawn, "Ann", "page", refused=some))
    nothing = store.save(Answer(ID, drawn, "Ann", "page", refused=np.zeros_like(some)))
    first, last = store.versions(ID)
    assert first.refused is not None
    assert first.refused.dtype == bool
    assert np.array_equal(first.refused, some)
    assert np.array_equal(first.raster, drawn)
    assert last.refused is None
    assert [head.has_refused for head in store.version_heads(ID)] == [True, False]
    plain = AnswerStore(tmp_path / "plain").save(Answer(ID, drawn, "Ann", "page"))
    assert plain.raster_hash == nothing.raster_hash


def test_damage_to_refused_pixels_is_found(tmp_path: Path) -> None:
    store = AnswerStore(tmp_path)
    store.save(Answer(ID, raster(4), "Ann", "page", refused=raster(3) < 2))
    (path,) = tmp_path.rglob("*.png")
    data = path.read_bytes()
    at = data.index(b"rsRf")
    for changed in (data[: at + 6] + b"\0" + data[at + 7 :], data.replace(b"rsRf", b"rsXf")):
        path.write_bytes(changed)
        with pytest.raises(DataError, match="is damaged"):
            store.current(ID)


def test_what_an_answer_goes_on_from(tmp_path: Path) -> None:
    store = AnswerStore(tmp_path)
    own = store.save(answer(1, started_from=origin(None, "Ann")))
    assert origin(own, "Ann") == 0
    theirs = store.save(Answer(ID, raster(2), "Bea", "page", started_from=origin(own, "Bea")))
    assert theirs.started_from == own.version
    assert origin(theirs, "Bea") == own.version  # Also through an own version.
    assert origin(theirs, "Ann") == theirs.version
    reviewed = store.save(answer(3, reviewer="Cleo"))
    assert [head.independent for head in (own, theirs, reviewed)] == [True, False, False]


def test_an_image_that_cannot_be_labelled(tmp_path: Path) -> None:
    store = AnswerStore(tmp_path)
    store.save(Answer(ID, None, "Ann", "page", state="unusable", note="all black"))
    current = store.current(ID)
    assert current is not None
    assert (current.raster, current.state, current.note) == (None, "unusable", "all black")
    head = store.current_head(ID)
    assert head is not None
    assert head.size is None


def test_two_writers_at_once_both_keep_theirs(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda seed: AnswerStore(tmp_path).save(answer(seed)), range(24)))
    versions = AnswerStore(tmp_path).versions(ID)
    assert sorted(a.raster.tobytes() for a in versions if a.raster is not None) == sorted(
        raster(seed).tobytes() for seed in range(24)
    )


def test_of_one_version_saved_twice_the_later_counts(tmp_path: Path) -> None:
    first, other = AnswerStore(tmp_path / "a"), AnswerStore(tmp_path / "b")
    first.save(answer(1, saved_at=100.0))
    other.save(answer(2, saved_at=99.0))
    (theirs,) = (tmp_path / "b").rglob("*.png")
    (ours,) = (tmp_path / "a").rglob("*.png")
    theirs.rename(ours.with_name(theirs.name))
    current = first.current(ID)
    assert current is not None
    assert (current.raster == raster(1)).all()
    assert len(first.versions(ID)) == 2


def test_a_full_disk_leaves_what_was_there(tmp_path: Path) -> None:
    store = AnswerStore(tmp_path)
    store.save(answer(1))
    with disk_full_for("*.png"), pytest.raises(OSError, match="No space") as caught:
        store.save(answer(2))
    assert caught.value.errno == errno.ENOSPC
    assert [version.version for version in store.versions(ID)] == [1]
    assert len([path for path in tmp_path.rglob("*") if path.is_file()]) == 1


@pytest.mark.parametrize("damage", ["cut", "empty", "flip", "other"])
def test_a_damaged_answer_is_named(tmp_path: Path, damage: str) -> None:
    store = AnswerStore(tmp_path)
    store.save(answer(1))
    (path,) = tmp_path.rglob("*.png")
    data = bytearray(path.read_bytes())
    if damage == "flip":
        data[-20] ^= 4
    contents = {"cut": bytes(data[:-30]), "empty": b"", "flip": bytes(data), "other": b"GIF89a"}
    path.write_bytes(contents[damage])
    with pytest.raises(DataError, match=rf"{path.name} is damaged; remove this file"):
        store.current(ID)


def test_an_answer_in_the_folder_of_another_image_is_damage(tmp_path: Path) -> None:
    store = AnswerStore(tmp_path)
    store.save(answer(1))
    (path,) = tmp_path.rglob("*.png")
    store.save(answer(2, "other"))
    (other,) = (p for p in tmp_path.rglob("*.png") if p != path)
    other.write_bytes(path.read_bytes())
    with pytest.raises(DataError, match="is damaged"):
        store.current("other")
