"""Files that were handed in: a folder, a ZIP archive, or one file."""

from __future__ import annotations

import contextlib
import os
import tempfile
import zipfile
import zlib
from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from raysal.data.walk import is_hidden
from raysal.errors import DataError

MAX_FILE_BYTES = 1 << 28
"""Of a picture; larger ones are refused before they fill the memory."""
# Masks and RLE as numbers shrink to a thirtieth, zeros to a thousandth.
MAX_RATIO = 200
SMALL_BYTES = 1 << 24
"""Archived files up to this size may shrink as much as they like."""
COPIED_BYTES = 1 << 20


class Bundle(ABC):
    """Files by name; names are relative, with forward slashes.

    Attributes:
        path: the folder or file.
        names: of all files that are not hidden, sorted.
    """

    def __init__(self, path: Path, names: list[str]) -> None:
        self.path = path
        self.opened = contextlib.ExitStack()
        self.names = sorted(name for name in names if not any(map(is_hidden, name.split("/"))))

    @abstractmethod
    def read(self, name: str) -> bytes:
        """A file's content.

        Raises:
            DataError: it is damaged or too large.
        """

    @abstractmethod
    def open(self, name: str) -> BinaryIO:
        """A file of any size, which can be read at any place until the bundle is closed.

        Raises:
            DataError: it is damaged, or expands to too much.
        """

    @abstractmethod
    def head(self, name: str, count: int) -> bytes:
        """The first bytes of a file of any size.

        Raises:
            DataError: it is damaged.
        """

    def where(self, name: str) -> str:
        """A file for messages."""
        return name


@contextlib.contextmanager
def open_bundle(path: Path) -> Iterator[Bundle]:
    """What a path holds.

    Raises:
        DataError: nothing is there, or a damaged archive.
    """
    bundle = _bundle(path)
    with bundle.opened:
        yield bundle


def _bundle(path: Path) -> Bundle:
    if path.is_dir():
        return _Folder(path)
    if not path.exists():
        raise DataError(f"no file or folder '{path}'")
    if path.stat().st_size == 0:
        raise DataError(f"{path} is empty; export it again")
    if not _begins_as_zip(path):
        return _File(path, [path.name])
    try:
        return _Zip(path, zipfile.ZipFile(path))
    except (zipfile.BadZipFile, EOFError, ValueError) as error:
        raise DataError(
            f"{path} is a truncated or damaged ZIP archive ({error}); copy or export it again"
        ) from error


class _Folder(Bundle):
    def __init__(self, path: Path) -> None:
        found = []
        for root, folders, files in os.walk(path, followlinks=False):
            folders[:] = [name for name in folders if not is_hidden(name)]
            found += [(Path(root) / name).relative_to(path).as_posix() for name in files]
        super().__init__(path, found)

    def read(self, name: str) -> bytes:
        path = self._path(name)
        if path.stat().st_size > MAX_FILE_BYTES:
            raise _too_large(name)
        return path.read_bytes()

    def open(self, name: str) -> BinaryIO:
        return self.opened.enter_context(self._path(name).open("rb"))

    def head(self, name: str, count: int) -> bytes:
        with self._path(name).open("rb") as file:
            return file.read(count)

    def _path(self, name: str) -> Path:
        return self.path / name


class _File(_Folder):
    def __init__(self, path: Path, names: list[str]) -> None:
        Bundle.__init__(self, path, names)

    def _path(self, name: str) -> Path:
        return self.path


class _Zip(Bundle):
    def __init__(self, path: Path, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        # Of several members of one name, the last one counts, as when an archive is unpacked.
        self._members = {
            info.filename.replace("\\", "/"): info
            for info in archive.infolist()
            if not info.is_dir()
        }
        super().__init__(path, list(self._members))
        self.opened.enter_context(archive)

    def read(self, name: str) -> bytes:
        info = self._checked(name)
        if info.file_size > MAX_FILE_BYTES:
            raise _too_large(name)
        with self._member(name) as file:
            return file.read(info.file_size + 1)

    def open(self, name: str) -> BinaryIO:
        left = self._checked(name).file_size
        copy = self.opened.enter_context(tempfile.TemporaryFile())  # noqa: SIM115
        with self._member(name) as file:
            while left > 0 and (data := file.read(min(left, COPIED_BYTES))):
                with _named(tempfile.gettempdir()):
                    copy.write(data)
                left -= len(data)
        with _named(tempfile.gettempdir()):
            copy.seek(0)  # What is buffered is written.
        return copy

    def head(self, name: str, count: int) -> bytes:
        with self._member(name) as file:
            return file.read(count)

    def where(self, name: str) -> str:
        return f"{name} in {self.path.name}"

    def _checked(self, name: str) -> zipfile.ZipInfo:
        info = self._members[name]
        if info.file_size > max(SMALL_BYTES, MAX_RATIO * info.compress_size):
            raise DataError(
                f"{self.where(name)} would expand from {info.compress_size} to {info.file_size} "
                "bytes, which no export does; unpack it yourself if you trust it"
            )
        return info

    @contextlib.contextmanager
    def _member(self, name: str) -> Iterator[BinaryIO]:
        try:
            with self._archive.open(self._members[name]) as file:
                yield file  # type: ignore[misc]
        except (zipfile.BadZipFile, EOFError, zlib.error, NotImplementedError) as error:
            raise DataError(
                f"{self.where(name)} is damaged ({error}); copy or export the archive again"
            ) from error
        except RuntimeError as error:  # Needs a password.
            raise DataError(f"{self.where(name)}: {error}; unpack the archive yourself") from error


@contextlib.contextmanager
def _named(path: str) -> Iterator[None]:
    """Writing does not say where the disk is full."""
    try:
        yield
    except OSError as error:
        error.filename = error.filename or path
        raise


def _begins_as_zip(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(4) in (b"PK\x03\x04", b"PK\x05\x06")


def _too_large(name: str) -> DataError:
    return DataError(f"{name} has more than {MAX_FILE_BYTES >> 20} MiB, which no mask has")
