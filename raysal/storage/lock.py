"""Locks that admit one process per run folder.

`flock` is used directly rather than through filelock, which wraps it, for three reasons. The file
holds the id of the process that has the lock, which filelock up to 3.29.7 erases at every attempt
to lock. A child that the process forked shares this lock, as it may still write into the folder;
filelock takes it from the child. And on a file system without `flock`, filelock falls back to a
lock that a killed process leaves behind.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from raysal.errors import RunError

FILE = ".lock"
POLL_S = 0.5
# How long children of a killed process may keep its lock.
LINGER_S = 5.0
# Of a process id.
MAX_BYTES = 20


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Lock the run folder; the kernel releases the lock however the process ends.

    Raises:
        RunError: another process has locked it; the message names the process. Or there is a file
            of that name that raysal did not make.
    """
    with _opened(folder) as file:
        end_s = time.monotonic() + LINGER_S
        while not _try_lock(file):
            holder = _holder(file)
            if time.monotonic() > end_s or (holder and Path(f"/proc/{holder}").exists()):
                raise RunError(
                    f"run folder {folder} is in use by process {holder or 'unknown'}; wait for it, "
                    "stop it, or choose another name"
                )
            time.sleep(POLL_S)
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


def wait_until_free(folder: Path, patience_s: float) -> None:
    """Return when no process has locked the folder, or after `patience_s` seconds.

    For a folder whose process is about to end, such as a worker of a driver that was killed.
    """
    end_s = time.monotonic() + patience_s
    with _opened(folder) as file:
        while not _try_lock(file) and time.monotonic() < end_s:
            time.sleep(POLL_S)


def is_locked(folder: Path) -> bool:
    """Whether a process works in a folder now; nothing is written."""
    path = folder / FILE
    try:
        with path.open("rb") as file:
            try:
                # Shared, so that two who look do not see each other.
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
            return False
    except OSError:
        return False


def is_lock(content: bytes) -> bool:
    """Whether a file holds what `locked` writes: nothing, or a process id."""
    return len(content) <= MAX_BYTES and (not content.strip() or content.strip().isdigit())


@contextlib.contextmanager
def _opened(folder: Path) -> Iterator[TextIO]:
    path = folder / FILE
    if path.exists() and not (path.is_file() and is_lock(_beginning(path))):
        raise RunError(
            f"{path} is not a lock of raysal and is left as it is; move it elsewhere, or choose "
            "another folder"
        )
    with path.open("a+") as file:
        yield file


def _beginning(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(MAX_BYTES + 1)


def _try_lock(file: TextIO) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _holder(file: TextIO) -> str:
    """The id of the process that wrote the lock file, or an empty string."""
    file.seek(0)
    text = file.read().strip()
    return text if text.isdigit() else ""
