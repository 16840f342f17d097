"""Answers of annotators: class ids of an image at its own size; every version is kept.

    <store>/<hash of the image id>/000001-1f2e3d4c.png

Each answer is one PNG, written by one rename, with what else is known about it (`AnswerHead`) in a
text chunk. Nothing is changed, so that any number of processes may read and write a store at once.
The latest version is the current one; if two writers saved the same version number, both files
stay, and the one that was saved later counts. Only a draft is ever removed: once the same session
has saved a later version of its image, since the labelling tool saves one after every stroke.
"""

from __future__ import annotations

import contextlib
import re
import uuid
from collections.abc import Callable, Collection, Iterator
from functools import partial
from pathlib import Path
from typing import TypeVar

from raysal.data.answer_file import (
    OUTSIDE,
    SETTLED,
    Answer,
    AnswerHead,
    State,
    Work,
    damaged,
    encode,
    head_of,
    origin,
    raster_hash,
    read_answer,
    read_head,
)
from raysal.errors import DataError
from raysal.storage.atomic import write_bytes
from raysal.storage.seal import hash_bytes

__all__ = [
    "OUTSIDE",
    "SETTLED",
    "Answer",
    "AnswerHead",
    "AnswerStore",
    "State",
    "Work",
    "origin",
    "raster_hash",
]

T = TypeVar("T")
_TRIES = 5
_FILE = re.compile(r"(\d{6,})-[0-9a-f]{8}\.png")


class AnswerStore:
    """The answers to one query.

    Args:
        folder: made with the first answer.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def save(self, answer: Answer) -> AnswerHead:
        """Save a new version, which becomes the current one.

        An earlier draft of the same session is then removed.

        Raises:
            OSError: no space, no permission; nothing is left behind.
        """
        folder = self.folder_of(answer.image_id)
        folder.mkdir(parents=True, exist_ok=True)
        files = list(_files(folder))
        version = max((number for number, _ in files), default=0) + 1
        head = head_of(answer, version)
        name = f"{version:06d}-{uuid.uuid4().hex[:8]}.png"
        write_bytes(folder / name, encode(answer, head))
        if answer.session:
            _remove_draft(files, head)
        return head

    def current(self, image_id: str) -> Answer | None:
        """The current answer for an image; None if there is none.

        Raises:
            DataError: its file is damaged.
        """

        def read() -> Answer | None:
            newest = self._newest(self.folder_of(image_id), image_id)
            return None if newest is None else read_answer(*newest)

        return _whatever_goes(read)

    def current_head(self, image_id: str) -> AnswerHead | None:
        """As `current`, without the raster."""
        folder = self.folder_of(image_id)
        newest = _whatever_goes(lambda: self._newest(folder, image_id))
        return None if newest is None else newest[1]

    def heads(self) -> dict[str, AnswerHead]:
        """The current answers without their rasters, by image id.

        Raises:
            DataError: a file is damaged.
        """
        found = {}
        if self.folder.is_dir():
            for folder in sorted(self.folder.iterdir()):
                newest = _whatever_goes(partial(self._newest, folder))
                if newest is not None:
                    found[newest[1].image_id] = newest[1]
        return found

    def versions(self, image_id: str) -> list[Answer]:
        """All answers for an image, oldest first.

        Raises:
            DataError: a file is damaged.
        """
        return _whatever_goes(lambda: [read_answer(*both) for both in self._by_age(image_id)])

    def version_heads(self, image_id: str) -> list[AnswerHead]:
        """As `versions`, without the rasters."""
        return [head for _, head in _whatever_goes(lambda: self._by_age(image_id))]

    def latest_of(self, image_id: str, annotator: str) -> Answer | None:
        """The latest answer that one annotator gave for an image; None if there is none.

        Raises:
            DataError: a file is damaged.
        """

        def read() -> Answer | None:
            own = [both for both in self._by_age(image_id) if both[1].annotator == annotator]
            return read_answer(*own[-1]) if own else None

        return _whatever_goes(read)

    def independent(self, image_id: str, at_least: int = 1) -> list[Answer]:
        """The latest finished answer of each annotator that is one person's work (see
        `AnswerHead.independent`) and has labels; none if there are fewer than `at_least`.

        Raises:
            DataError: a file is damaged.
        """

        def read() -> list[Answer]:
            latest = {
                head.annotator: (path, head)
                for path, head in self._by_age(image_id)
                if head.state in ("review", "done") and head.independent and head.size is not None
            }
            if len(latest) < at_least:
                return []
            return [read_answer(*latest[annotator]) for annotator in sorted(latest)]

        return _whatever_goes(read)

    def latest_in(self, image_id: str, states: Collection[State]) -> Answer | None:
        """The latest answer for an image that is in one of some states; None if there is none.

        Raises:
            DataError: a file is damaged.
        """

        def read() -> Answer | None:
            newest = self._newest(self.folder_of(image_id), image_id)
            if newest is not None and newest[1].state not in states:
                such = [both for both in self._by_age(image_id) if both[1].state in states]
                newest = such[-1] if such else None
            return None if newest is None else read_answer(*newest)

        return _whatever_goes(read)

    def folder_of(self, image_id: str) -> Path:
        """Where the answers for an image are; its time changes with each of them."""
        return self.folder / hash_bytes(image_id.encode())

    def _by_age(self, image_id: str) -> list[tuple[Path, AnswerHead]]:
        files = _files(self.folder_of(image_id))
        return sorted(((path, read_head(path)) for _, path in files), key=_age)

    def _newest(self, folder: Path, image_id: str | None = None) -> tuple[Path, AnswerHead] | None:
        files = list(_files(folder))
        last = max((number for number, _ in files), default=0)
        heads = [(path, read_head(path)) for number, path in files if number == last]
        newest = max(heads, key=_age, default=None)
        if newest is not None and image_id not in (None, newest[1].image_id):
            raise damaged(newest[0])
        return newest


def _files(folder: Path) -> Iterator[tuple[int, Path]]:
    """Version number and path of each answer in the folder of an image."""
    if folder.is_dir():
        for path in folder.iterdir():
            if match := _FILE.fullmatch(path.name):
                yield int(match[1]), path


def _whatever_goes(read: Callable[[], T]) -> T:
    """What `read` returns, again from the start if a draft was removed while it read."""
    for _ in range(_TRIES):
        with contextlib.suppress(FileNotFoundError):
            return read()
    return read()


def _remove_draft(files: list[tuple[int, Path]], newer: AnswerHead) -> None:
    """Remove the newest of an image's files before `newer` if it is a draft of the same session."""
    if not files:
        return
    path = max(files)[1]
    with contextlib.suppress(DataError, FileNotFoundError):
        head = read_head(path)
        if head.state == "draft" and (head.session, head.annotator) == (
            newer.session,
            newer.annotator,
        ):
            path.unlink()


def _age(file: tuple[Path, AnswerHead]) -> tuple[int, float, str]:
    path, head = file
    return head.version, head.saved_at, path.name
