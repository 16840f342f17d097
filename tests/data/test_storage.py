"""Paths and URIs."""

from __future__ import annotations

from pathlib import Path

import pytest
from pyarrow import fs

from raysal.data.storage import join, read_uri, resolve, write_whole
from raysal.errors import DataError


def test_a_path_and_a_file_uri_are_one_place(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"1")
    assert read_uri(str(tmp_path / "x")) == read_uri(f"file://{tmp_path}/x") == b"1"


@pytest.mark.parametrize("uri", ["nowhere://bucket/x", "://x"])
def test_unknown_schemes(uri: str) -> None:
    with pytest.raises(DataError, match=f"cannot open '{uri}'") as caught:
        resolve(uri)
    assert "\n" not in str(caught.value)


def test_what_cannot_be_read_is_named(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "absent"):
        with pytest.raises(DataError, match="cannot read") as caught:
            read_uri(str(path))
        assert str(path) in str(caught.value)


def test_written_whole(tmp_path: Path) -> None:
    filesystem, path = resolve(str(tmp_path))
    assert isinstance(filesystem, fs.LocalFileSystem)
    for data in (b"first", b"2"):
        write_whole(filesystem, join(path, "x"), data)
        assert (tmp_path / "x").read_bytes() == data
    assert [p.name for p in tmp_path.iterdir()] == ["x"]
