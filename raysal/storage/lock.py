"""One process per run folder."""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from raysal.errors import RunError

LINGER_TRIES, LINGER_S = 10, 0.5


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the run folder; the kernel lets go of it however the process ends.

    Raises:
        RunError: another process holds it.
    """
    path = folder / ".lock"
    with path.open("a+") as file:
        # Forked children of a killed process may hold on for a moment longer.
        for _ in range(LINGER_TRIES):
            if _try_lock(file):
                break
            file.seek(0)
            holder = file.read().strip()
            if holder.isdigit() and Path(f"/proc/{holder}").exists():
                break
            time.sleep(LINGER_S)
        if not _try_lock(file):
            raise RunError(
                f"run folder {folder} is in use by process {holder or 'unknown'}; wait for it, "
                "stop it, or choose another name"
            )
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


def _try_lock(file: TextIO) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def wait_until_free(folder: Path, patience_s: float) -> None:
    """Return when nobody holds the folder, or after that long.

    For one whose holder is known to be dying: the workers of a killed driver end by themselves.
    """
    end = time.monotonic() + patience_s
    with (folder / ".lock").open("a+") as file:
        while not _try_lock(file) and time.monotonic() < end:
            time.sleep(LINGER_S)
