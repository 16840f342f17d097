"""Stages that exist whole or not at all."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from pathlib import Path

from raysal.storage.atomic import read_json, write_json

STAMP = "stage.json"


def once(folder: Path, compute: Callable[[Path], None], *, resumable: bool = False) -> Path:
    """Do a stage if it is not done yet, and commit it by one rename.

    `compute` fills a draft folder. What an interrupted attempt left there is thrown away, unless
    the stage is `resumable` and knows how to continue from it.

    Returns:
        `folder`, which now exists.
    """
    if folder.exists():
        return folder
    draft = draft_of(folder)
    if not resumable:
        shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True, exist_ok=True)
    start = time.perf_counter()
    compute(draft)
    write_json(draft / STAMP, {"version": 1, "wall_s": round(time.perf_counter() - start, 3)})
    for litter in draft.rglob(".*.tmp"):  # Of attempts that were killed while writing.
        litter.unlink()
    draft.rename(folder)
    return folder


def draft_of(folder: Path) -> Path:
    """Where a stage is while it is being made."""
    return folder.with_name(f".{folder.name}.draft")


def wall_s(folder: Path) -> float:
    """Seconds that a finished stage took, of the attempt that finished it."""
    return float(read_json(folder / STAMP)["wall_s"])
