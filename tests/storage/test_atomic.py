"""Atomic writes leave the complete new file or the old one, and no other files."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from raysal.storage.atomic import sync_all, write_bytes
from tests.support.faults import disk_full_for

TOO_LARGE = """
import resource, signal, sys
from pathlib import Path
from raysal.storage.atomic import write_bytes

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    write_bytes(Path(sys.argv[1]), bytes(2000))
except OSError:
    sys.exit(7)
"""


def calls(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """Records which files are synced and renamed, by file name."""
    seen: list[tuple[str, str]] = []
    fsync, replace = os.fsync, os.replace

    def watched_fsync(descriptor: int) -> None:
        seen.append(("sync", Path(f"/proc/self/fd/{descriptor}").readlink().name))
        fsync(descriptor)

    def watched_replace(source: Path, target: Path) -> None:
        seen.append(("rename", Path(target).name))
        replace(source, target)

    monkeypatch.setattr(os, "fsync", watched_fsync)
    monkeypatch.setattr(os, "replace", watched_replace)
    return seen


def test_data_are_on_disk_before_the_rename_and_the_name_after_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = calls(monkeypatch)
    write_bytes(tmp_path / "x", b"1")
    (first, draft), *rest = seen
    assert (first, rest) == ("sync", [("rename", "x"), ("sync", tmp_path.name)])
    assert draft.startswith(".x.")
    seen.clear()
    write_bytes(tmp_path / "x", b"2", sync_folder=False)
    assert [what for what, _ in seen] == ["sync", "rename"]
    assert (tmp_path / "x").read_bytes() == b"2"


def test_everything_below_a_folder_is_synced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    for path in (tmp_path / "x", tmp_path / "a" / "b" / "y"):
        path.write_bytes(b"1")
    seen = calls(monkeypatch)
    sync_all(tmp_path)
    assert sorted(name for _, name in seen) == sorted(["a", "b", "x", "y", tmp_path.name])


def test_a_full_disk_leaves_the_old_file_alone(tmp_path: Path) -> None:
    write_bytes(tmp_path / "x", b"old")
    with disk_full_for("x"), pytest.raises(OSError, match="No space"):
        write_bytes(tmp_path / "x", b"new")
    assert (tmp_path / "x").read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["x"]


def test_a_write_that_fails_halfway_leaves_no_file(tmp_path: Path) -> None:
    command = [sys.executable, "-c", TOO_LARGE, str(tmp_path / "x")]
    assert subprocess.run(command, check=False).returncode == 7
    assert list(tmp_path.iterdir()) == []


def test_writers_of_one_file_do_not_disturb_each_other(tmp_path: Path) -> None:
    """This happens with a worker that outlives its killed driver."""
    contents = [bytes([n]) * (n + 1) * 1000 for n in range(4)]

    def write(data: bytes) -> None:
        for _ in range(20):
            write_bytes(tmp_path / "x", data, sync_folder=False)

    write(contents[0])
    threads = [threading.Thread(target=write, args=(data,)) for data in contents]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        assert (tmp_path / "x").read_bytes() in contents
    assert [path.name for path in tmp_path.iterdir()] == ["x"]
