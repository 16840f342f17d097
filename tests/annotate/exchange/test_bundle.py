"""Folders, archives and files, and what is wrong with them."""

from __future__ import annotations

import errno
import io
import os
import tempfile
import zipfile
from pathlib import Path

import pytest

from raysal.annotate.exchange import bundle
from raysal.annotate.exchange.bundle import open_bundle
from raysal.errors import DataError


def archive(path: Path, members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as file:
        for name, data in members.items():
            file.writestr(name, data)
    return path


def test_folder_archive_and_file_hold_the_same(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    for name in ("a/b.png", "a/.hidden", "__MACOSX/a/b.png", "c.png"):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())
    names = ["a\\b.png", "a/.hidden", "__MACOSX/a/b.png", "c.png"]
    packed = archive(tmp_path / "x.zip", {name: name.replace("\\", "/").encode() for name in names})
    for path in (folder, packed):
        with open_bundle(path) as found:
            assert found.names == ["a/b.png", "c.png"]
            assert found.read("a/b.png") == found.open("a/b.png").read() == b"a/b.png"
            assert found.head("c.png", 2) == b"c."
    with open_bundle(folder / "c.png") as found:
        assert found.names == ["c.png"]
        assert found.read("c.png") == b"c.png"


def test_absent_and_empty(tmp_path: Path) -> None:
    (tmp_path / "empty.json").touch()
    for name, reason in (("absent", "no file or folder"), ("empty.json", "is empty")):
        with pytest.raises(DataError, match=reason), open_bundle(tmp_path / name):
            pass


@pytest.mark.parametrize("keep", [0.3, 0.9, 0.99])
def test_a_truncated_archive(keep: float, tmp_path: Path) -> None:
    data = archive(tmp_path / "x.zip", {f"{n}.png": bytes(range(256)) for n in range(9)})
    whole = data.read_bytes()
    data.write_bytes(whole[: int(len(whole) * keep)])
    with pytest.raises(DataError, match="truncated or damaged ZIP"), open_bundle(data):
        pass


def test_a_damaged_member_is_named(tmp_path: Path) -> None:
    path = archive(tmp_path / "x.zip", {"a.png": b"a" * 50, "b.png": b"b"}, zipfile.ZIP_STORED)
    path.write_bytes(path.read_bytes().replace(b"a" * 50, b"a" * 49 + b"x"))
    with open_bundle(path) as found:
        with pytest.raises(DataError, match=r"a\.png in x\.zip is damaged .*CRC"):
            found.read("a.png")
        assert found.read("b.png") == b"b"


def test_a_bomb_is_not_unpacked(tmp_path: Path) -> None:
    path = archive(tmp_path / "x.zip", {"a.json": bytes(bundle.SMALL_BYTES + 1)})
    with open_bundle(path) as found:
        for read in (found.read, found.open):
            with pytest.raises(DataError, match="would expand from"):
                read("a.json")


def test_a_member_that_lies_about_its_size_is_cut(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("a.json", bytes(100_000))
    size = (100_000).to_bytes(4, "little")
    path = tmp_path / "x.zip"
    path.write_bytes(buffer.getvalue().replace(size, (10).to_bytes(4, "little")))
    with open_bundle(path) as found, pytest.raises(DataError, match="damaged"):
        found.read("a.json")


def test_a_too_large_picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundle, "MAX_FILE_BYTES", 10)
    (tmp_path / "a.png").write_bytes(bytes(11))
    for path in (tmp_path, archive(tmp_path.parent / "x.zip", {"a.png": bytes(11)})):
        with open_bundle(path) as found, pytest.raises(DataError, match="which no mask has"):
            found.read("a.png")


def test_a_full_disk_for_temporary_files_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Full(io.BytesIO):
        def write(self, data: object) -> int:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(tempfile, "TemporaryFile", Full)
    monkeypatch.setattr(tempfile, "gettempdir", lambda: "/its/place")
    path = archive(tmp_path / "x.zip", {"a.json": b"[]"})
    with open_bundle(path) as found, pytest.raises(OSError, match="/its/place"):
        found.open("a.json")
