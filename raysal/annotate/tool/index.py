"""What is known of the answers to each image, without reading what has not changed."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from raysal.annotate.asked import Asked, AskedImage
from raysal.data.answers import AnswerHead, AnswerStore
from raysal.errors import DataError

# A folder that changed so short a time ago may change again without another time of change.
RACY_S = 2.0


@dataclass(frozen=True)
class Known:
    """Attributes:
    heads: of all answers for an image, oldest first.
    damaged: why they cannot be read; empty if they can.
    settled: whether the last one counts.
    """

    heads: tuple[AnswerHead, ...] = ()
    damaged: str = ""
    settled: bool = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "settled", bool(self.heads) and self.heads[-1].settled)


@dataclass(frozen=True)
class Scan:
    """Attributes:
    known: the answers to each image of `asked`; the same object as before if nothing has changed.
    at_s: when it was begun, by the monotonic clock.
    """

    asked: Asked
    known: Sequence[Known]
    at_s: float


@dataclass(frozen=True)
class _Place:
    """Where the answers for an image are: in `folder`, whose path is also `key`."""

    store: AnswerStore
    image_id: str
    folder: Path
    name: str
    key: str


_NOTHING = Known()


class AnswerIndex:
    """The answers in a store, read again for an image when its folder has changed.

    Other processes, such as `raysal answer`, write into the same store.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        # By folder: its time of change, what is in it, whether that is sure to be all.
        self._known: dict[str, tuple[int, Known, bool]] = {}
        self._places: tuple[Asked, Sequence[_Place]] | None = None
        self._scan: Scan | None = None

    def of(self, asked: Asked, image: AskedImage) -> Known:
        """The answers for an image."""
        place = _place(asked.store(image), image.image_id)
        try:
            changed = place.folder.stat().st_mtime_ns
        except OSError:
            return _NOTHING
        return self._read(place, changed)

    def all(self, asked: Asked, within_s: float = 0.0) -> Scan:
        """The answers for all images.

        Args:
            within_s: how long ago they may have been looked at.
        """
        now, last = time.monotonic(), self._scan
        if last is not None and last.asked is asked and now - last.at_s <= within_s:
            return last
        places = self._places_of(asked)
        changed = {
            folder: _changes_in(folder) for folder in {place.store.folder for place in places}
        }
        found = []
        for place in places:
            when = changed[place.store.folder].get(place.name)
            found.append(_NOTHING if when is None else self._read(place, when))
        self._scan = Scan(asked, found, now)
        return self._scan

    def left(self, asked: Asked, within_s: float = 0.0) -> int:
        """The number of images without an answer that counts; see `all`."""
        return sum(not known.settled for known in self.all(asked, within_s).known)

    def changed(self) -> None:
        """Something was stored: look again, however short a time ago that was done."""
        self._scan = None

    def _places_of(self, asked: Asked) -> Sequence[_Place]:
        last = self._places
        if last is None or last[0] is not asked:
            stores = {image.query: asked.store(image) for image in asked.images}
            places = [_place(stores[image.query], image.image_id) for image in asked.images]
            self._places = last = asked, places
        return last[1]

    def _read(self, place: _Place, changed: int) -> Known:
        """The answers, read again unless their folder changed last at a time that is known."""
        last = self._known.get(place.key)
        if last is not None and last[2] and last[0] == changed:
            return last[1]
        try:
            known = Known(tuple(place.store.version_heads(place.image_id)))
        except DataError as error:
            known = Known(damaged=str(error))
        if last is not None and last[1] == known:
            known = last[1]
        sure = time.time() - changed / 1e9 > RACY_S
        with self._lock:
            self._known[place.key] = changed, known, sure
        return known


def _place(store: AnswerStore, image_id: str) -> _Place:
    folder = store.folder_of(image_id)
    return _Place(store, image_id, folder, folder.name, str(folder))


def _changes_in(folder: Path) -> dict[str, int]:
    """When each folder in a folder was changed, in nanoseconds; nothing if there is no such folder.
    One that is removed meanwhile is left out."""
    found = {}
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            with contextlib.suppress(OSError):
                found[entry.name] = entry.stat().st_mtime_ns
    return found
