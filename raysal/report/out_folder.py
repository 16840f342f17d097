"""The folder that a report is written to: files of others in it are never overwritten."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

from raysal.errors import RunError
from raysal.storage.atomic import write_bytes
from raysal.storage.document import Document
from raysal.storage.foreign import named, names_in

# In the titles of pages, also of reports that were written before there was a list of files.
_PAGES = {"report.html": b"raysal report</title>", "sweep.html": b"raysal sweep</title>"}
_TITLE_BYTES = 1 << 16


class ReportFiles(Document):
    """`raysal-report.json`, written first: the files of the report, relative to its folder."""

    file: ClassVar[str] = "raysal-report.json"
    remedy: ClassVar[str] = "remove it, or report into another folder"

    files: tuple[str, ...]


def check_out(out: Path) -> None:
    """Check that a report may be written into a folder: a new or empty one, or a report's.

    Raises:
        RunError: it holds files that raysal did not make, or is a file.
        DataError: its list of files is damaged.
    """
    names = _names(out)
    if names and _written_before(out) is None:
        raise RunError(
            f"{out} holds files that are not of a report ({named(names)}); choose another folder "
            "for the report"
        )


def write_files(out: Path, files: Mapping[str, bytes]) -> tuple[Path, ...]:
    """Write files into the folder of a report, each atomically; returns their paths.

    Raises:
        RunError: see `check_out`; or a file that raysal did not make would be overwritten.
        OSError: no space, no permission.
    """
    check_out(out)
    before = _written_before(out)
    ours = set(files) if before is None else before
    if foreign := sorted(n for n in files if n not in ours and (out / n).exists()):
        raise RunError(
            f"{out} holds files that raysal did not make ({named(foreign)}) and that the report "
            "would overwrite; move them, or choose another folder for the report"
        )
    for folder in {(out / name).parent for name in files}:
        _make_folder(folder)
    ReportFiles(files=tuple(sorted(ours | set(files)))).write(out)
    for name, data in files.items():
        write_bytes(out / name, data)
    return tuple(out / name for name in files)


def _names(out: Path) -> list[str]:
    there = next(path for path in (out.absolute(), *out.absolute().parents) if path.exists())
    if not there.is_dir():
        raise _in_the_way(there)
    return names_in(str(out))


def _written_before(out: Path) -> set[str] | None:
    """The files that earlier reports wrote here; None if there was none.

    A report of before there was a list may have written every file that is there.
    """
    if (out / ReportFiles.file).exists():
        return set(ReportFiles.read(out).files)
    for name, title in _PAGES.items():
        if (out / name).is_file():
            with (out / name).open("rb") as page:
                if title in page.read(_TITLE_BYTES):
                    paths = (path for path in out.rglob("*") if path.is_file())
                    return {str(path.relative_to(out)) for path in paths}
    return None


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        raise _in_the_way(folder) from None


def _in_the_way(folder: Path) -> RunError:
    return RunError(
        f"cannot write the report into {folder}: a file of that name is in the way; choose "
        "another folder"
    )
