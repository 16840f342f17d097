"""The cache: finished results only, what is damaged is made again, bounded size."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import pytest

from raysal.annotate.tool.prepare.cache import Cache, key_of


class Writer:
    """Writes a file, and counts how often."""

    def __init__(self, content: bytes = b"x" * 1000) -> None:
        self.content, self.calls = content, 0

    def __call__(self, folder: Path) -> dict[str, Any]:
        self.calls += 1
        (folder / "a.gz").write_bytes(self.content)
        return {"count": self.calls}


def test_what_is_there_is_not_made_again(tmp_path: Path) -> None:
    write, key = Writer(), key_of("superpixels", 1, "abc")
    assert Cache(tmp_path / "c").find(key) is None
    made = Cache(tmp_path / "c").make(key, write)
    again = Cache(tmp_path / "c").make(key, write)
    assert write.calls == 1
    assert made.about == again.about == {"count": 1}
    assert again.file("a.gz").read_bytes() == write.content


@pytest.mark.parametrize("how", ["changed", "cut", "gone", "entry", "no entry"])
def test_what_is_damaged_is_made_again(tmp_path: Path, how: str) -> None:
    write, key = Writer(), key_of(1)
    entry = Cache(tmp_path).make(key, write)
    file, about = entry.file("a.gz"), entry.folder / "entry.json"
    if how == "changed":
        file.write_bytes(b"y" + write.content[1:])
    elif how == "cut":
        file.write_bytes(write.content[:-1])
    elif how == "gone":
        file.unlink()
    elif how == "entry":
        about.write_text(about.read_text().replace('"count": 1', '"count": 7'))
    else:
        about.unlink()
    cache = Cache(tmp_path)
    assert cache.find(key) is None
    assert cache.make(key, write).file("a.gz").read_bytes() == write.content
    assert write.calls == 2


def test_a_failed_write_leaves_nothing(tmp_path: Path) -> None:
    def write(folder: Path) -> dict[str, Any]:
        (folder / "a.gz").write_bytes(b"half")
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        Cache(tmp_path).make(key_of(1), write)
    assert list(tmp_path.iterdir()) == []


def test_what_was_not_used_for_longest_goes_first(tmp_path: Path) -> None:
    cache = Cache(tmp_path, most_bytes=4500)
    keys = [key_of(i) for i in range(5)]
    for age, key in enumerate(keys):
        folder = cache.make(key, Writer()).folder
        os.utime(folder, (1000.0 + age, 1000.0 + age))
    cache.find(keys[0])  # Used now.
    (tmp_path / "notes.txt").write_text("of somebody else")
    cache.trim(keep={keys[1]})
    assert [cache.find(key) is not None for key in keys] == [True, True, False, False, True]
    assert (tmp_path / "notes.txt").exists()


def test_drafts_of_killed_processes_go_after_an_hour(tmp_path: Path) -> None:
    old, new = (tmp_path / f".{key_of(i)}.{key_of(i)}.draft" for i in range(2))
    for folder in (old, new):
        folder.mkdir()
        (folder / "a.gz").write_bytes(b"half")
    hours_ago = time.time() - 7200
    os.utime(old, (hours_ago, hours_ago))
    Cache(tmp_path).trim()
    assert [folder.exists() for folder in (old, new)] == [False, True]
