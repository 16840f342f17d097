"""What already lies in an output folder, so that no file that raysal did not make is touched."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from pyarrow import fs

from raysal.errors import RunError
from raysal.storage.lock import FILE as LOCK
from raysal.storage.lock import MAX_BYTES, is_lock
from raysal.storage.uri import join, resolve, shown

NAMED_AT_MOST = 3
# Temporary files of `write_bytes`.
DRAFT = re.compile(r"\..+\.[0-9a-f]{32}\.tmp")


def names_in(uri: str) -> list[str]:
    """Names of the files and folders in a folder or URI, sorted; empty if it does not exist.

    Temporary files of interrupted writes and the lock file of raysal are left out.

    Raises:
        RunError: it is a file.
    """
    filesystem, path = resolve(uri)
    if filesystem.get_file_info(path).type == fs.FileType.File:
        raise RunError(f"'{shown(uri)}' is a file, but a folder is needed; choose another name")
    listing = filesystem.get_file_info(fs.FileSelector(path, allow_not_found=True))
    names = sorted(info.base_name for info in listing if not DRAFT.fullmatch(info.base_name))
    if LOCK in names and _is_lock(filesystem, join(path, LOCK)):
        names.remove(LOCK)
    return names


def named(names: Iterable[str]) -> str:
    """The first few names, for a message."""
    names = list(names)
    more = len(names) - NAMED_AT_MOST
    listed = ", ".join(f"'{name}'" for name in names[:NAMED_AT_MOST])
    return f"{listed} and {more} more" if more > 0 else listed


def check_unused(uri: str, what: str) -> None:
    """Check that a folder is empty or does not exist.

    Raises:
        RunError: it holds something, or is a file.
    """
    if names := names_in(uri):
        raise RunError(
            f"'{shown(uri)}' holds files that raysal did not make there ({named(names)}); "
            f"choose an empty or new folder for {what}"
        )


def remove_drafts(folder: Path) -> None:
    """Remove temporary files that killed processes left in a folder or below it."""
    for path in folder.rglob(".*.tmp"):
        if DRAFT.fullmatch(path.name) and path.is_file():
            path.unlink(missing_ok=True)


def _is_lock(filesystem: fs.FileSystem, path: str) -> bool:
    info = filesystem.get_file_info(path)
    if info.type != fs.FileType.File or info.size > MAX_BYTES:
        return False
    with filesystem.open_input_stream(path) as stream:
        return is_lock(bytes(stream.read()))
