"""Damage to files, in five ways, at random places."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from pathlib import Path

Way = Callable[[Path, Path, random.Random], None]
"""Damages a file; the second path is another file of its kind."""


def truncated(file: Path, other: Path, draw: random.Random) -> None:
    data = file.read_bytes()
    file.write_bytes(data[: draw.randrange(1, max(2, len(data)))])


def emptied(file: Path, other: Path, draw: random.Random) -> None:
    file.write_bytes(b"")


def flipped(file: Path, other: Path, draw: random.Random) -> None:
    data = bytearray(file.read_bytes() or b"\0")
    data[draw.randrange(len(data))] ^= 1 << draw.randrange(8)
    file.write_bytes(data)


def deleted(file: Path, other: Path, draw: random.Random) -> None:
    file.unlink()


def replaced(file: Path, other: Path, draw: random.Random) -> None:
    shutil.copy(other, file)


WAYS: tuple[Way, ...] = (truncated, emptied, flipped, deleted, replaced)


def files_of(folder: Path) -> list[str]:
    """The files that something reads again: no lock, and no report."""
    paths = (path.relative_to(folder) for path in sorted(folder.rglob("*")))
    return [
        str(path)
        for path in paths
        if (folder / path).is_file() and path.name != ".lock" and path.parts[0] != "report"
    ]
