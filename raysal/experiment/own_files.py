"""The files that raysal makes in a run, and their removal; files of the user are never removed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from raysal.errors import RunError
from raysal.experiment.layout import RoundLayout, RunLayout
from raysal.storage.atomic import sync
from raysal.storage.foreign import DRAFT, named

_STAGE_FILE = re.compile(
    r"stage\.json|pool\.json|raysal-pool\.unfinished|model\.pt|adversary\.pt|last\.pt"
    r"|best-\d{4,}\.pt|train\.json|metrics\.json|record\.json|calibration\.json|query\.parquet"
    r"|labels\.parquet|answered\.json|part-\d{5,}\.parquet|part-part-\d{5,}-\d{5,}\.parquet|progress\.jsonl"
    r"|failure|encoder\.pt|encoder\.json"
)
_DISCARDED = ".removed"
# Folders within a stage; of the last one every file is Ray Train's.
_STAGE_FOLDERS, _RAY_TRAIN = ("labelled", "calibration", "added"), "ray_train"


def foreign_files(stage: Path) -> list[Path]:
    """The files in a stage, or in its draft, that raysal did not make."""
    return [path for path in _files(stage) if not _is_ours(path.relative_to(stage))]


def refuse_foreign(stages: Iterable[Path]) -> None:
    """Check that stages which are about to be removed hold only files of raysal.

    Raises:
        RunError: one holds another file; the message names it.
    """
    for stage in stages:
        if foreign := foreign_files(stage):
            names = named(str(path.relative_to(stage)) for path in foreign)
            raise RunError(
                f"{stage} has to be computed again, but holds files that raysal did not make "
                f"({names}); move them elsewhere and run again"
            )


def remove_stages(stages: Iterable[Path]) -> None:
    """Remove stages or drafts of stages.

    Raises:
        RunError: one holds a file that raysal did not make; then nothing is removed.
    """
    stages = [stage for stage in stages if stage.exists()]
    refuse_foreign(stages)
    for stage in stages:
        # The stamp first: what a kill leaves of the stage must not count as finished.
        files = sorted(_files(stage), key=lambda path: path.name != "stage.json")
        for path in files:
            path.unlink(missing_ok=True)
        for folder in sorted((p for p in stage.rglob("*") if p.is_dir()), reverse=True):
            folder.rmdir()
        stage.rmdir()


def discard(stages: Iterable[Path]) -> None:
    """As `remove_stages`, each in one step: a kill leaves it as it was, or gone.

    What a kill leaves of the files is removed by `remove_discarded`.

    Raises:
        RunError: one holds a file that raysal did not make; then nothing is removed.
    """
    stages = [stage for stage in stages if stage.exists()]
    refuse_foreign(stages)
    for stage in stages:
        discarded = stage.with_name(f".{stage.name.lstrip('.')}{_DISCARDED}")
        remove_stages([discarded])
        stage.rename(discarded)
        sync(stage.parent)
        remove_stages([discarded])


def remove_discarded(layout: RunLayout) -> None:
    """Remove what a kill during `discard` has left."""
    for here in rounds_on_disk(layout):
        remove_stages(here.folder.glob(f".*{_DISCARDED}"))


def remove_empty(folders: Iterable[Path]) -> None:
    """Remove those of the folders that are empty."""
    for folder in folders:
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()


def has_finished_stage(layout: RunLayout) -> bool:
    """Whether any stage of any round was committed."""
    return any(stage.exists() for here in rounds_on_disk(layout) for stage in here.all_stages())


def remove_unfinished(layout: RunLayout) -> None:
    """Remove the pool, the initial set and the drafts of a run without a finished stage.

    Raises:
        RunError: a folder to be removed holds files that raysal did not make.
    """
    assert not has_finished_stage(layout), layout.root
    remove_stages(all_stages(layout))
    rounds = [here.folder for here in rounds_on_disk(layout)]
    first = [here.folder for here in layout.first_queries]
    remove_empty([*rounds, layout.rounds, *first])


def all_stages(layout: RunLayout) -> list[Path]:
    """The stages and drafts of a run that exist: pool, first queries, then round by round."""
    folders = [layout.pool]
    for here in layout.first_queries:
        folders += here.all_stages()
    for here in rounds_on_disk(layout):
        folders += here.all_stages()
    both = [path for folder in folders for path in (folder, draft_of(folder))]
    return [path for path in (*both, replaced_of(layout.pool)) if path.exists()]


def rounds_on_disk(layout: RunLayout) -> list[RoundLayout]:
    """The folders of rounds that exist, in order."""
    if not layout.rounds.is_dir():
        return []
    found = (path for path in layout.rounds.iterdir() if re.fullmatch(r"\d{3,}", path.name))
    return [RoundLayout(path) for path in sorted(found, key=lambda path: int(path.name))]


def draft_of(folder: Path) -> Path:
    """Folder in which an unfinished stage is computed."""
    return folder.with_name(f".{folder.name}.draft")


def replaced_of(folder: Path) -> Path:
    """Where a stage is while a new version takes its place."""
    return folder.with_name(f".{folder.name}.replaced")


def _files(stage: Path) -> Iterator[Path]:
    """Everything in a stage except folders; links are not followed."""
    for path in sorted(stage.rglob("*")):
        if path.is_symlink() or not path.is_dir():
            yield path


def _is_ours(path: Path) -> bool:
    *folders, name = path.parts
    if _RAY_TRAIN in folders:
        return folders[0] == _RAY_TRAIN
    known = not folders or (len(folders) == 1 and folders[0] in _STAGE_FOLDERS)
    return known and bool(_STAGE_FILE.fullmatch(name) or DRAFT.fullmatch(name))
