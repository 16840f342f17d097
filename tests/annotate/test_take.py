"""Taking answers: what is stored, what is not, and that it may be repeated."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from raysal.annotate.asked import Asked
from raysal.annotate.prelabel import hash_of, note_prelabels
from raysal.data.answers import Answer, AnswerStore
from raysal.data.decode import IGNORE, encode_png
from raysal.errors import DataError
from tests.support.asked_images import asked_for, asked_image, random_raster, stored, take

SIZE = (20, 30)
WHOLE = asked_image("a/whole", SIZE)
PART = asked_image("a/part", SIZE, [(2, 3, 5, 6), (10, 12, 4, 9)], query="round-000")


@pytest.fixture
def asked(tmp_path: Path) -> Asked:
    return asked_for(tmp_path, [WHOLE, PART])


def masks(tmp_path: Path, **rasters: np.ndarray) -> Path:
    folder = tmp_path / "given" / "a"
    folder.mkdir(parents=True, exist_ok=True)
    for name, raster in rasters.items():
        (folder / f"{name}.png").write_bytes(encode_png(raster))
    return folder.parent


def files(asked: Asked) -> list[str]:
    return sorted(str(path) for path in asked.answers.rglob("*.png"))


def test_partial_and_repeated(asked: Asked, tmp_path: Path) -> None:
    first, second = random_raster(WHOLE, 0), random_raster(WHOLE, 1)
    given = masks(tmp_path, whole=first)
    assert [take(asked, given)["a/whole"].result for _ in range(3)] == [
        "taken", "unchanged", "unchanged"
    ]  # fmt: skip
    assert len(files(asked)) == 1
    masks(tmp_path, whole=second, part=random_raster(PART, 0))
    assert {row.result for row in take(asked, given).values()} == {"taken"}
    np.testing.assert_array_equal(stored(asked)["a/whole"], second)
    masks(tmp_path, whole=first)  # The annotator has undone it.
    assert take(asked, given)["a/whole"].result == "taken"
    np.testing.assert_array_equal(stored(asked)["a/whole"], first)


def test_queries_have_stores_of_their_own(asked: Asked, tmp_path: Path) -> None:
    take(asked, masks(tmp_path, whole=random_raster(WHOLE, 0), part=random_raster(PART, 0)))
    assert list(AnswerStore(asked.answers / "initial").heads()) == ["a/whole"]
    assert list(AnswerStore(asked.answers / "round-000").heads()) == ["a/part"]


def test_an_old_file_does_not_undo_what_came_later(asked: Asked, tmp_path: Path) -> None:
    raster = random_raster(WHOLE, 0, unlabelled=0)
    given = masks(tmp_path, whole=raster)
    take(asked, given)
    corrected = random_raster(WHOLE, 5)
    asked.store(WHOLE).save(Answer("a/whole", corrected, "eve", "raysal annotate"))
    row = take(asked, given)["a/whole"]
    assert (row.result, row.remark) == ("unchanged", "taken before; a later answer of eve counts")
    np.testing.assert_array_equal(stored(asked)["a/whole"], corrected)
    assert take(asked, given, annotator="bob")["a/whole"].result == "taken"


def test_a_draft_is_replaced(asked: Asked, tmp_path: Path) -> None:
    raster = random_raster(WHOLE, 0)
    asked.store(WHOLE).save(Answer("a/whole", raster, "ann", "png", state="draft"))
    assert take(asked, masks(tmp_path, whole=raster))["a/whole"].result == "taken"
    answer = asked.store(WHOLE).current("a/whole")
    assert answer is not None
    assert (answer.state, answer.annotator) == ("done", "ann")


@pytest.mark.parametrize("value", [0, 2])
def test_what_surrounds_regions_is_no_label(value: int, asked: Asked, tmp_path: Path) -> None:
    """A mask that is filled with one class around the regions; inside, that class stays."""
    raster = random_raster(PART, 0, unlabelled=0)
    filled = np.where(raster == 255, value, raster).astype(np.uint8)
    row = take(asked, masks(tmp_path, part=filled))["a/part"]
    assert "all outside of what is asked is '" in row.remark
    np.testing.assert_array_equal(stored(asked)["a/part"], raster)


def test_what_is_drawn_outside_is_kept(asked: Asked, tmp_path: Path) -> None:
    raster = random_raster(PART, 0, unlabelled=0)
    raster[0, :9] = 3
    take(asked, masks(tmp_path, part=raster))
    np.testing.assert_array_equal(stored(asked)["a/part"], raster)


def test_unlabelled_fills_what_is_asked(asked: Asked, tmp_path: Path) -> None:
    raster = random_raster(PART, 0, unlabelled=0.5)
    row = take(asked, masks(tmp_path, part=raster))["a/part"]
    assert "% of what is asked is not labelled" in row.remark
    take(asked, masks(tmp_path, part=raster), unlabelled="car")
    inside = np.zeros(SIZE, bool)
    inside[2:7, 3:9] = inside[10:14, 12:21] = True
    np.testing.assert_array_equal(
        stored(asked)["a/part"], np.where(inside & (raster == 255), 3, raster)
    )


def test_nothing_inside_of_what_is_asked(asked: Asked, tmp_path: Path) -> None:
    raster = np.full(SIZE, 255, np.uint8)
    raster[0, :5] = 1
    row = take(asked, masks(tmp_path, part=raster))["a/part"]
    assert (row.result, row.remark) == ("not taken", "nothing is drawn in what is asked")


def test_closed_queries_are_named(asked: Asked, tmp_path: Path) -> None:
    AnswerStore(asked.answers / "val").save(
        Answer("b/whole", random_raster(WHOLE, 0), "ann", "png")
    )
    given = masks(tmp_path, whole=random_raster(WHOLE, 0))
    (given / "a").rename(given / "b")
    rows = take(asked, given)
    assert "'b/whole' was answered for the query 'val', which is closed" in (
        rows["b/whole.png"].remark
    )
    assert "a/whole" not in stored(asked)


def test_untouched_prelabels_are_remarked(asked: Asked, tmp_path: Path) -> None:
    raster = random_raster(WHOLE, 0)
    note_prelabels(asked.answers, {"a/whole": hash_of(raster), "x": ""})
    note_prelabels(asked.answers, {"x": "y"})
    row = take(asked, masks(tmp_path, whole=raster))["a/whole"]
    assert (row.result, "as predicted, nothing was corrected" in row.remark) == ("taken", True)
    assert "as predicted" not in take(asked, masks(tmp_path, whole=random_raster(WHOLE, 4)))[
        "a/whole"
    ].remark  # fmt: skip


def test_one_bad_image_does_not_keep_others(asked: Asked, tmp_path: Path) -> None:
    given = masks(tmp_path, whole=random_raster(WHOLE, 0), part=np.zeros((3, 3), np.uint8))
    rows = take(asked, given)
    assert (rows["a/whole"].result, rows["a/part"].result) == ("taken", "not taken")


def test_nothing_is_there(asked: Asked, tmp_path: Path) -> None:
    (tmp_path / "given").mkdir()
    with pytest.raises(DataError, match="holds no labels that are known; looked for: labelmap"):
        take(asked, tmp_path / "given")
    with pytest.raises(DataError, match="no file or folder"):
        take(asked, tmp_path / "absent")


def test_extended_labels_stay_refused_where_nothing_is_labelled(
    asked: Asked, tmp_path: Path
) -> None:
    store, refused = asked.store(PART), np.zeros(SIZE, bool)
    refused[0:4, 0:4] = refused[15:18, 20:25] = True
    first = random_raster(PART, 0, unlabelled=0)
    store.save(Answer("a/part", first, "Ann", "tool", refused=refused))
    second = random_raster(PART, 1, unlabelled=0)
    second[15:18, 20:22] = 1  # Labelled now.
    row = take(asked, masks(tmp_path, part=second), annotator="Bo")["a/part"]
    left = refused & (second == IGNORE)
    assert 0 < left.sum() < refused.sum()
    assert f"extended labels stay refused in {left.sum()} pixels, as by Ann" in row.remark
    answer = store.current("a/part")
    assert answer is not None
    np.testing.assert_array_equal(answer.refused, left)
    assert take(asked, masks(tmp_path, part=second), annotator="Bo")["a/part"].result == "unchanged"
    third = np.zeros(SIZE, np.uint8)
    third[0, 0] = 1
    row = take(asked, masks(tmp_path, part=third), annotator="Bo")["a/part"]
    assert "refused" not in row.remark
    answer = store.current("a/part")
    assert answer is not None
    assert answer.refused is None
