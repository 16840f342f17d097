"""Names of files that are made of image ids."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from raysal.data.id_path import MAX_NAME_BYTES, check_paths, path_of
from raysal.errors import DataError

SUFFIXES = (".png", ".jpg")


@pytest.mark.parametrize("image_id", ["a", "a/b c", "a.png", "..a", "a\\b", "…/日本", "-"])
def test_an_id_is_a_path(image_id: str) -> None:
    assert path_of(image_id, ".png") == f"{image_id}.png"


@pytest.mark.parametrize(
    "image_id",
    ["", ".", "..", "../x", "a/../b", "/etc/passwd", "a//b", "a/", "./a", "a/.", "a\0b", "a/.."],
)
def test_an_id_never_leaves_its_folder(image_id: str) -> None:
    with pytest.raises(DataError, match="cannot name a file below a folder") as caught:
        path_of(image_id, ".png")
    assert "\n" not in str(caught.value)
    with pytest.raises(DataError, match="cannot name a file below a folder"):
        check_paths(lambda: ["ok", image_id], SUFFIXES)


def test_a_long_name_leaves_room_for_its_temporary_file() -> None:
    assert path_of("é" * ((MAX_NAME_BYTES - 4) // 2), ".png")
    with pytest.raises(DataError, match="too long for the name of a file"):
        path_of("a" * (MAX_NAME_BYTES - 3), ".png")


def test_ids_that_differ_have_files_of_their_own() -> None:
    check_paths(
        lambda: ["a", "A", "a.png", "a.jpg", "a/b", "b/a", "b.png/c", "x.png.jpg"], SUFFIXES
    )


@pytest.mark.parametrize(
    ("ids", "message"),
    [
        (["a/b", "c", "a/b"], "the image id 'a/b' occurs twice"),
        (["x/a", "x/a.png/b"], "file of image 'x/a' would have the name of a folder"),
        (["a.jpg/b/c", "a"], "file of image 'a' would have the name of a folder"),
        (["a.png/b.png/c", "a.png/b"], "file of image 'a.png/b' would have the name"),
    ],
)
def test_files_that_collide(ids: Sequence[str], message: str) -> None:
    with pytest.raises(DataError, match=message):
        check_paths(lambda: ids, SUFFIXES)
