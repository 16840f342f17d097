"""Stages of a round: each is committed once, by one rename."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

from pydantic import BaseModel, ConfigDict

from raysal.data.pool.layout import SHARD
from raysal.errors import DataError, RunError
from raysal.experiment.layout import STAMP
from raysal.experiment.own_files import draft_of, remove_stages, replaced_of
from raysal.storage.atomic import sync, sync_all
from raysal.storage.document import REPAIR, Document
from raysal.storage.foreign import remove_drafts
from raysal.storage.seal import hash_file


class FileSeal(BaseModel):
    """Size of a file of a stage in bytes, and the hash of its content; None if it is not hashed."""

    model_config = ConfigDict(frozen=True)

    size: int
    hash: str | None


class Stamp(Document):
    """`stage.json`, which every finished stage holds.

    Attributes:
        files: all other files of the stage; None in stages of earlier versions.
        fingerprint: of the configuration of the run; None in stages of earlier versions.
    """

    file: ClassVar[str] = STAMP

    wall_s: float
    fingerprint: str | None = None
    files: dict[str, FileSeal] | None = None


def once(
    folder: Path,
    compute: Callable[[Path], object],
    *,
    resumable: bool = False,
    fingerprint: str | None = None,
) -> Path:
    """Compute a stage, unless it is finished already, and commit it by renaming its draft folder.

    `compute` fills the draft folder. Files of an interrupted attempt are deleted first, except if
    the stage is `resumable`, that is, can continue from them.

    Args:
        fingerprint: of the configuration, kept with the stage.

    Returns:
        `folder`, which exists now.

    Raises:
        RunError: there is a folder of this name that is not a finished stage, or the draft holds
            files that raysal did not make.
    """
    if is_finished(folder):
        return folder
    draft = draft_of(folder)
    _compute(draft, compute, resumable, fingerprint)
    draft.rename(folder)
    sync(folder.parent)
    return folder


def replace(
    folder: Path, compute: Callable[[Path], object], *, fingerprint: str | None = None
) -> None:
    """Compute a finished stage anew, from itself; it stays until the new version is complete.

    A kill between the two renames is repaired by `restore`.

    Raises:
        RunError: the draft holds files that raysal did not make.
    """
    draft, replaced = draft_of(folder), replaced_of(folder)
    _compute(draft, compute, False, fingerprint)
    folder.rename(replaced)
    draft.rename(folder)
    sync(folder.parent)
    remove_stages([replaced])


def restore(folder: Path) -> None:
    """Undo or complete a replacement that was interrupted."""
    replaced = replaced_of(folder)
    if replaced.exists() and not folder.exists():
        replaced.rename(folder)
    remove_stages([replaced])


def _compute(
    draft: Path, compute: Callable[[Path], object], resumable: bool, fingerprint: str | None
) -> None:
    """Fill the draft folder and stamp it."""
    if not resumable:
        remove_stages([draft])
    draft.mkdir(parents=True, exist_ok=True)
    start = time.perf_counter()
    compute(draft)
    wall_s = round(time.perf_counter() - start, 3)
    remove_drafts(draft)  # Of attempts that were killed while writing.
    (draft / STAMP).unlink(missing_ok=True)
    Stamp(wall_s=wall_s, fingerprint=fingerprint, files=_seals(draft)).write(draft)
    sync_all(draft)  # A power cut must not leave a finished stage with incomplete files.


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
        raise RunError(f"{folder / STAMP} is missing, so the stage is damaged; {REPAIR}")
    return False


def check_stage(folder: Path) -> bool:
    """Check that the files of a finished stage are as they were written.

    The shards of a pool are not hashed but counted in bytes: their images have hashes of their own.

    Returns:
        Whether the stage holds hashes; those of earlier versions do not.

    Raises:
        DataError: a file is missing, damaged, or does not belong there; the message names it.
    """
    files = Stamp.read(folder).files
    if files is None:
        return False
    for name, seal in files.items():
        path = folder / name
        if not path.is_file():
            raise DataError(f"{path} is missing; {REPAIR}")
        size = path.stat().st_size
        if size != seal.size:
            raise DataError(f"{path} is damaged: {size} bytes instead of {seal.size}; {REPAIR}")
        if seal.hash is not None and hash_file(path) != seal.hash:
            raise DataError(f"{path} is damaged: its content has changed; {REPAIR}")
    for path in _files(folder):
        if path.suffix == ".parquet" and str(path.relative_to(folder)) not in files:
            raise DataError(f"{path} does not belong to its stage; move it elsewhere, or: {REPAIR}")
    return True


def _seals(draft: Path) -> dict[str, FileSeal]:
    return {
        str(path.relative_to(draft)): FileSeal(
            size=path.stat().st_size,
            hash=None if SHARD.fullmatch(path.name) else hash_file(path),
        )
        for path in _files(draft)
    }


def _files(folder: Path) -> list[Path]:
    """The files of a stage at any depth, without the stamp."""
    return [p for p in sorted(folder.rglob("*")) if p.is_file() and p != folder / STAMP]


def wall_s(folder: Path) -> float:
    """Seconds that the successful attempt at a finished stage took."""
    return Stamp.read(folder).wall_s
