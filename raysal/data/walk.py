"""Find the images in a folder, and count what is passed over."""

from __future__ import annotations

import os
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from raysal.data.decode import IMAGE_SUFFIXES
from raysal.errors import DataError

# A file of another format beside one of these is a by-product, such as a thumbnail or a scan.
MAIN_SUFFIXES = (".jpg", ".jpeg", ".png")
# What operating systems and disk stations put into folders; a leading dot also hides.
HIDDEN = {"__macosx", "thumbs.db", "ehthumbs.db", "desktop.ini", "@eadir", "$recycle.bin",
          "system volume information", "lost+found"}  # fmt: skip
KINDS_SHOWN = 8


@dataclass(frozen=True)
class FoundImages:
    """What a folder contains.

    Attributes:
        root: the folder.
        images: image files by id, which is the relative path without suffix, in order of path.
        passed_over: number of files and folders that were not read, by reason or suffix.
    """

    root: Path
    images: dict[str, Path]
    passed_over: Counter[str]

    @property
    def remark(self) -> str | None:
        """One line on what was passed over; None if nothing was."""
        if not self.passed_over:
            return None
        shown = self.passed_over.most_common(KINDS_SHOWN)
        parts = [f"{count} {reason}" for reason, count in shown]
        if others := self.passed_over.total() - sum(count for _, count in shown):
            parts.append(f"{others} others")
        return f"{self.root}: {len(self.images)} images; passed over: {', '.join(parts)}"


def is_hidden(name: str) -> bool:
    """Whether a file or folder of this name is not the user's data."""
    return name.startswith(".") or name.casefold() in HIDDEN


def find_images(root: Path) -> FoundImages:
    """Image files in `root` and its subfolders, also in those that are links.

    Raises:
        DataError: two files differ only in their suffixes, so they would have the same id, or a
            name is not UTF-8.
    """
    passed_over: Counter[str] = Counter()
    found: dict[str, str] = {}
    for name in sorted(_files(root, passed_over), key=lambda name: name.split("/")):
        suffix = PurePosixPath(name).suffix
        if suffix.lower() not in IMAGE_SUFFIXES:
            passed_over[_printable(suffix.lower()) or "without suffix"] += 1
            continue
        image_id = name.removesuffix(suffix)
        other = found.get(image_id)
        if other is None:
            found[image_id] = name
            continue
        main = [n for n in (other, name) if PurePosixPath(n).suffix.lower() in MAIN_SUFFIXES]
        if len(main) != 1:
            raise DataError(f"{root / other} and {root / name} would have the same id; rename one")
        found[image_id] = main[0]
        passed_over["beside a JPEG or PNG of the same name"] += 1
    _check_utf8(root, list(found.values()))
    in_order = sorted(found.items(), key=lambda item: item[1].split("/"))
    return FoundImages(root, {i: root / name for i, name in in_order}, passed_over)


def _files(root: Path, passed_over: Counter[str]) -> Iterator[str]:
    """Relative paths, with forward slashes, of all files that are not hidden.

    Each folder is read once, however many links lead to it; so links in a circle end.
    """
    seen: set[tuple[int, int]] = set()
    folders, links = deque([(str(root), "")]), deque[tuple[str, str]]()
    while folders or links:
        # Links come last, so that a folder is found at its own place.
        place, prefix = folders.popleft() if folders else links.popleft()
        try:
            status = Path(place).stat()
            entries = sorted(os.scandir(place), key=lambda entry: entry.name)
        except OSError as error:
            passed_over[f"folders that cannot be read ({error.strerror})"] += 1
            continue
        if (status.st_dev, status.st_ino) in seen:
            passed_over["links to folders found before"] += 1
            continue
        seen.add((status.st_dev, status.st_ino))
        for entry in entries:
            name = prefix + entry.name
            if is_hidden(entry.name):
                passed_over["hidden"] += 1
            elif _is(entry.is_dir):
                (links if entry.is_symlink() else folders).append((entry.path, f"{name}/"))
            elif _is(entry.is_file):
                yield name
            else:
                passed_over["broken links" if entry.is_symlink() else "not files"] += 1


def _is(question) -> bool:  # type: ignore[no-untyped-def]
    try:
        return bool(question())
    except OSError:  # A link to itself.
        return False


def _check_utf8(root: Path, names: list[str]) -> None:
    wrong = [name for name in names if not _is_utf8(name)]
    if wrong:
        more = f" and {len(wrong) - 1} others" if len(wrong) > 1 else ""
        raise DataError(
            f"{root}: the file name '{_printable(wrong[0])}'{more} is not UTF-8, as in archives "
            "from old systems; rename it, for instance with convmv -f latin1 -t utf8"
        )


def _is_utf8(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _printable(name: str) -> str:
    return os.fsencode(name).decode("utf-8", "backslashreplace")
