"""Paths and URIs."""

from __future__ import annotations

from pathlib import Path

import pytest
from pyarrow import fs

from raysal.errors import DataError
from raysal.storage.uri import absolute, join, read_uri, resolve, shown, write_whole


def test_a_path_and_its_file_uri_are_the_same_place(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"1")
    assert read_uri(str(tmp_path / "x")) == read_uri(f"file://{tmp_path}/x") == b"1"


@pytest.mark.parametrize("uri", ["nowhere://bucket/x", "://x"])
def test_unknown_schemes(uri: str) -> None:
    with pytest.raises(DataError, match=f"cannot open '{uri}'") as caught:
        resolve(uri)
    assert "\n" not in str(caught.value)


def test_unreadable_files_are_named(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "absent"):
        with pytest.raises(DataError, match="cannot read") as caught:
            read_uri(str(path))
        assert str(path) in str(caught.value)


def test_a_file_is_written_atomically(tmp_path: Path) -> None:
    filesystem, path = resolve(str(tmp_path))
    assert isinstance(filesystem, fs.LocalFileSystem)
    for data in (b"first", b"2"):
        write_whole(filesystem, join(path, "x"), data)
        assert (tmp_path / "x").read_bytes() == data
    assert [p.name for p in tmp_path.iterdir()] == ["x"]


@pytest.mark.parametrize(("uri", "text"), [
    ("pools/a@b?c", "pools/a@b?c"),
    ("s3://bucket/pools/a", "s3://bucket/pools/a"),
    ("s3://key:secret@bucket/a?scheme=http&endpoint_override=h:1", "s3://bucket/a"),
    ("s3://key:se%2Fcret@bucket/a", "s3://bucket/a"),
    ("s3://key:se/cret@bucket/a", "s3://bucket/a"),
    ("gs://anonymous@bucket/a", "gs://bucket/a"),
    ("abfss://:secret@account.dfs.core.windows.net/a?sig=secret",
     "abfss://account.dfs.core.windows.net/a"),
    ("s3://bucket/photos/me@home.jpg", "s3://bucket/photos/me@home.jpg"),
])  # fmt: skip
def test_credentials_are_not_shown(uri: str, text: str) -> None:
    assert shown(uri) == text


@pytest.mark.parametrize("uri", [
    "s3://key:se/cret@bucket/a", "s3://key:secret@/a", "nowhere://key:secret@bucket/a",
    "s3://key:secret@bucket/a?unknown=secret", "s3://key:secret@",
])  # fmt: skip
def test_errors_show_no_secret(uri: str) -> None:
    with pytest.raises(DataError, match="cannot open") as caught:
        resolve(uri)
    assert "secret" not in str(caught.value)
    assert "cret@" not in str(caught.value)
    assert "key" not in str(caught.value)


def test_local_paths_become_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert absolute("scores") == str(tmp_path / "scores")
    assert absolute("s3://bucket/scores") == "s3://bucket/scores"
