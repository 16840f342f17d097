"""Stages of a round: each is committed once, by one rename."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

from raysal.experiment.layout import STAMP
from raysal.storage.atomic import sync, sync_all
from raysal.storage.document import Document


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
    """
    if folder.exists():
        return folder
    draft = draft_of(folder)
    if not resumable:
        shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True, exist_ok=True)
    start = time.perf_counter()
    compute(draft)
    Stamp(wall_s=round(time.perf_counter() - start, 3)).write(draft)
    for leftover in draft.rglob(".*.tmp"):  # Of attempts that were killed while writing.
        leftover.unlink()
    sync_all(draft)  # A power cut must not leave a finished stage with incomplete files.
    draft.rename(folder)
    sync(folder.parent)
    return folder


def draft_of(folder: Path) -> Path:
    """Folder in which an unfinished stage is computed."""
    return folder.with_name(f".{folder.name}.draft")


def wall_s(folder: Path) -> float:
    """Seconds that the successful attempt at a finished stage took."""
    return Stamp.read(folder).wall_s
