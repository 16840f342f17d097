"""Which image a name means."""

from __future__ import annotations

import re

import pytest

from raysal.annotate.exchange.names import Matcher, file_stem, file_stems
from raysal.errors import DataError
from tests.support.asked_images import asked_image


def matcher(*ids: str, **closed: str) -> Matcher:
    return Matcher([asked_image(image_id) for image_id in ids], lambda: closed)


@pytest.mark.parametrize(
    ("name", "image_id"),
    [
        ("a/b 1", "a/b 1"),
        ("a/b 1.png", "a/b 1"),
        ("a/b 1.JPG", "a/b 1"),
        ("a/b 1.jpg.png", "a/b 1"),
        ("a\\b 1.png", "a/b 1"),
        ("./a/b 1.png", "a/b 1"),
        ("images/a/b 1.png", "a/b 1"),
        ("C:\\x\\a\\b 1.png", "a/b 1"),
        ("b 1.png", "a/b 1"),
        ("a__b 1.png", "a/b 1"),
        ("images/a__b 1.png", "a/b 1"),
        ("https://example.org/x/a/b%201.jpg?token=1", "a/b 1"),
        ("s3://bucket/photos/a/b 1.jpg", "a/b 1"),
        ("/data/local-files/?d=out/images/a__b%201.jpg", "a/b 1"),
        ("/data/upload/3/1a2b3c4d-a__b_1.jpg", "a/b 1"),
        ("1a2b3c4d-b_1.jpg", "a/b 1"),
        ("1a2b3c4d-u%CC%88.png", "\u00fc"),
        ("u\u0308.png", "\u00fc"),
        ("v1.2.png", "v1.2"),
        ("x/v1.2", "v1.2"),
        ("deadbeef-1.png", "deadbeef-1"),
    ],
)
def test_found(name: str, image_id: str) -> None:
    assert matcher("a/b 1", "\u00fc", "v1.2", "deadbeef-1").find([name]).image_id == image_id


def test_the_surest_name_counts() -> None:
    assert matcher("a", "b").find(["a", "b"]).image_id == "a"
    assert matcher("a", "b").find(["x", "y/b.png"]).image_id == "b"
    assert matcher("c", "a/c").find(["c.png"]).image_id == "c"
    assert matcher("c", "a/c").find(["images/a/c.png"]).image_id == "a/c"


@pytest.mark.parametrize(
    ("ids", "name", "reason"),
    [
        (["a/1", "b/1"], "1.png", "'1.png' may be any of 2 images: 'a/1', 'b/1'"),
        (["b/1"], "a/1.png", "no image 'a/1.png' is asked for; ids are such as 'b/1'"),
        (["a/1"], "2.png", "no image '2.png' is asked for"),
        (["a/1"], "1a2b3c4-1.png", "no image"),
        (["a/1"], "", "no image ''"),
    ],
)
def test_not_found(ids: list[str], name: str, reason: str) -> None:
    with pytest.raises(DataError, match=re.escape(reason)):
        matcher(*ids).find([name])


def test_images_of_closed_queries_are_not_mistaken() -> None:
    with pytest.raises(DataError, match="'a1' was answered for the query 'round-000', which is"):
        matcher("b1", a1="round-000").find(["images/a1.png"])
    with pytest.raises(DataError, match="may be any of 2"):
        Matcher([asked_image("b/1")], lambda: {"a/1": "initial"}).find(["1.png"])
    with pytest.raises(DataError, match="no image ''"):
        matcher("a").find([])


def test_stems_are_distinct_and_can_be_files() -> None:
    ids = [
        "a/b",
        "a__b",
        "A/b",
        "a",
        "a.png",
        "../x",
        "/x",
        ".x",
        "lost+found/x",
        "\u00e4" * 300,
        "",
    ]
    for flat in (False, True):
        stems = file_stems(ids, flat)
        assert len({stem.casefold() for stem in stems}) == len(ids)
        for stem in stems:
            parts = stem.split("/")
            assert len(parts) == 1 or not flat
            assert all(part and not part.startswith(".") for part in parts)
            assert all(len(part.encode()) < 255 for part in parts)
    assert file_stem("a/b c") == "a/b c"
    assert file_stem("a/b c", flat=True) == "a__b c"
