"""Results on disk, found by what they were computed from, of bounded total size.

    <cache>/1f2e.../entry.json    one folder per result, named after its key: a hash of all that it
    <cache>/1f2e.../fine.gz       depends on
    <cache>/.1f2e....draft/       being written; renamed when it is complete

Any number of processes may use a cache. What is damaged is removed and computed again; when the
cache is full, what was not used for longest goes.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import time
import uuid
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict

from raysal.errors import DataError
from raysal.storage.document import Document
from raysal.storage.seal import hash_bytes, hash_file

DEFAULT_BYTES = 2_000_000_000
_ABANDONED_S = 3600.0
_KEY = re.compile(r"[0-9a-f]{32}")
_DRAFT = re.compile(r"\.[0-9a-f]{32}\.[0-9a-f]{32}\.draft")


class _File(BaseModel):
    model_config = ConfigDict(frozen=True)

    bytes: int
    hash: str


class _EntryFile(Document):
    file: ClassVar[str] = "entry.json"

    files: dict[str, _File]
    about: dict[str, Any]


@dataclass(frozen=True)
class Entry:
    """A finished result.

    Attributes:
        about: plain values that belong to it.
        bytes: on disk.
    """

    folder: Path
    about: dict[str, Any]
    bytes: int

    def file(self, name: str) -> Path:
        """One of its files."""
        return self.folder / name


def key_of(*parts: object) -> str:
    """The key of what is computed from these parts, whose `repr` says all that matters."""
    return hash_bytes(repr(parts).encode())


class Cache:
    """Results in a folder.

    Args:
        folder: made when it is needed.
        most_bytes: above it, `trim` removes results.
    """

    def __init__(self, folder: Path, most_bytes: int = DEFAULT_BYTES) -> None:
        self.folder, self.most_bytes = folder, most_bytes
        # By key: when its entry was written, for results whose content has been compared.
        self._compared: dict[str, int] = {}
        self._total: int | None = None

    def find(self, key: str) -> Entry | None:
        """A finished result, which counts as used now; None if there is none.

        What is damaged is removed.
        """
        folder = self.folder / key
        try:
            written_ns = (folder / _EntryFile.file).stat().st_mtime_ns
            entry = _EntryFile.read(folder)
            intact = self._is_intact(key, folder, entry, written_ns)
        except (DataError, OSError):
            intact = False
            if not folder.exists():
                return None
        if not intact:
            self._compared.pop(key, None)
            shutil.rmtree(folder, ignore_errors=True)
            return None
        with contextlib.suppress(OSError):  # A folder that is not ours can still be read.
            os.utime(folder)
        size = sum(file.bytes for file in entry.files.values())
        return Entry(folder, entry.about, size)

    def make(self, key: str, write: Callable[[Path], dict[str, Any]]) -> Entry:
        """The result of a key, written by `write` into the folder it is given unless it is there.

        Args:
            write: returns what `Entry.about` is to hold.

        Raises:
            OSError: no space, no permission; nothing is left behind.
        """
        found = self.find(key)
        if found is not None:
            return found
        self.folder.mkdir(parents=True, exist_ok=True)
        draft = self.folder / f".{key}.{uuid.uuid4().hex}.draft"
        draft.mkdir()
        try:
            about = write(draft)
            files = {
                path.name: _File(bytes=path.stat().st_size, hash=hash_file(path))
                for path in sorted(draft.iterdir())
            }
            _EntryFile(files=files, about=about).write(draft)
            # Another process may have been faster; its result is the same.
            with contextlib.suppress(FileExistsError, OSError):
                draft.rename(self.folder / key)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
        found = self.find(key)
        if found is None:
            raise DataError(f"{self.folder / key} cannot be read after it was written")
        return found

    def trim(self, keep: Collection[str] = (), added: int = 0) -> None:
        """Remove results until they fit, those that were not used for longest first.

        Drafts of processes that were killed are removed, too.

        Args:
            keep: keys that stay, whatever their size.
            added: bytes that were stored since the last call, by other processes than this one's
                too; the folder is not looked through while they fit.
        """
        if self._total is not None:
            self._total += added
            if self._total <= self.most_bytes:
                return
        found: list[tuple[float, int, Path]] = []
        with contextlib.suppress(FileNotFoundError):
            for path in self.folder.iterdir():
                with contextlib.suppress(OSError):
                    used_s = path.stat().st_mtime
                    if _KEY.fullmatch(path.name):
                        size = sum(file.stat().st_size for file in path.iterdir())
                        found.append((used_s, size, path))
                    elif _DRAFT.fullmatch(path.name) and time.time() - used_s > _ABANDONED_S:
                        shutil.rmtree(path, ignore_errors=True)
        total = sum(size for _, size, _ in found)
        for _, size, path in sorted(found):
            if total <= self.most_bytes:
                break
            if path.name not in keep:
                shutil.rmtree(path, ignore_errors=True)
                self._compared.pop(path.name, None)
                total -= size
        self._total = total

    def _is_intact(self, key: str, folder: Path, entry: _EntryFile, written_ns: int) -> bool:
        for name, file in entry.files.items():
            if (folder / name).stat().st_size != file.bytes:
                return False
        # Reading a result in full each time it is asked for would take longer than its use.
        if self._compared.get(key) != written_ns:
            for name, file in entry.files.items():
                if hash_file(folder / name) != file.hash:
                    return False
            self._compared[key] = written_ns
        return True
