"""A place for Ray's sockets whose path is not too long for one."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from raysal.engine.on_ray.private import RAY_TMPDIR
from raysal.errors import ClusterError

# Ray's files lie in FOLDER/ray; the path of a Unix socket has at most 107 bytes.
IN_FOLDER = "/ray/session_2026-01-01_00-00-00_000000_4194304/sockets/plasma_store.12"
LONGEST = 107 - len(IN_FOLDER)
SHORT = "/tmp"


def short_temporary_folder() -> str | None:
    """A folder for Ray where RAY_TMPDIR or TMPDIR is too long for its sockets; None where not.

    Job folders of clusters are often that long. The folder belongs to the user alone.

    Raises:
        ClusterError: it is too long, and there is no other place.
    """
    for name in (RAY_TMPDIR, "TMPDIR"):
        folder = os.environ.get(name)
        if folder is not None:
            break
    else:
        return None
    if len(os.fsencode(folder)) <= LONGEST:
        return None
    try:
        return _own_folder()
    except OSError as error:
        raise ClusterError(
            f"{name} ({folder}) is too long for Ray, whose sockets lie below it (at most {LONGEST} "
            f"bytes), and {SHORT} cannot be used ({error.strerror}); set {name} to a shorter "
            "folder, or engine.name=local"
        ) from None


def _own_folder() -> str:
    path = Path(SHORT, f"raysal-{os.getuid()}")
    try:
        path.mkdir(mode=0o700, exist_ok=True)
        status = path.lstat()
        if path.is_symlink() or status.st_uid != os.getuid():
            raise PermissionError
    except OSError:  # It is another's.
        return tempfile.mkdtemp(prefix="raysal-", dir=SHORT)
    return str(path)
