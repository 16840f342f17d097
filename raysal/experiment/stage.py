"""Stages of a round: each is committed once, by one rename."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

from raysal.errors import RunError
from raysal.experiment.layout import STAMP
from raysal.experiment.own_files import draft_of, remove_stages
from raysal.storage.atomic import sync, sync_all
from raysal.storage.document import Document
from raysal.storage.foreign import remove_drafts


class Stamp(Document):
    """`stage.json`, which every finished stage holds."""

    file: ClassVar[str] = STAMP

    wall_s: float


def once(folder: Path, compute: Callable[[Path], object], *, resumable: bool = False) -> Path:
    """Compute a stage, unless it is finished already, and commit it by renaming its draft folder.

    `compute` fills the draft folder. Files of an interrupted attempt are deleted first, except if
    the stage is `resumable`, that is, can continue from them.

    Returns:
        `folder`, which exists now.

    Raises:
        RunError: there is a folder of this name that is not a finished stage, or the draft holds
            files that raysal did not make.
    """
    if is_finished(folder):
        return folder
    draft = draft_of(folder)
    if not resumable:
        remove_stages([draft])
    draft.mkdir(parents=True, exist_ok=True)
    start = time.perf_counter()
    compute(draft)
    Stamp(wall_s=round(time.perf_counter() - start, 3)).write(draft)
    remove_drafts(draft)  # Of attempts that were killed while writing.
    sync_all(draft)  # A power cut must not leave a finished stage with incomplete files.
    draft.rename(folder)
    sync(folder.parent)
    return folder


def is_finished(folder: Path) -> bool:
    """Whether a stage was committed.

    Raises:
        RunError: its folder exists and is not empty, but lacks the stamp.
    """
    if (folder / STAMP).exists():
        return True
    if folder.is_dir() and not any(folder.iterdir()):
        return False  # Renaming a folder onto an empty one is allowed.
    if folder.exists():
        raise RunError(
            f"{folder} is not a finished stage: it has no {STAMP}; move it elsewhere and run again"
        )
    return False


def wall_s(folder: Path) -> float:
    """Seconds that the successful attempt at a finished stage took."""
    return Stamp.read(folder).wall_s
