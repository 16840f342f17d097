"""What is known of the answers to each image, without reading what has not changed."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from pathlib import Path

from raysal.annotate.asked import Asked, AskedImage
from raysal.data.answers import AnswerHead
from raysal.errors import DataError

# A folder that changed so short a time ago may change again without another time of change.
RACY_S = 2.0


@dataclass(frozen=True)
class Known:
    """Attributes:
    heads: of all answers for an image, oldest first.
    damaged: why they cannot be read; empty if they can.
    """

    heads: tuple[AnswerHead, ...] = ()
    damaged: str = ""


class AnswerIndex:
    """The answers in a store, read again for an image when its folder has changed.

    Other processes, such as `raysal answer`, write into the same store.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[Path, tuple[int, Known]] = {}

    def of(self, asked: Asked, image: AskedImage) -> Known:
        """The answers for an image."""
        store = asked.store(image)
        folder = store.folder_of(image.image_id)
        try:
            changed = folder.stat().st_mtime_ns
        except OSError:
            return Known()
        with self._lock:
            found = self._known.get(folder)
        if found is not None and found[0] == changed:
            return found[1]
        try:
            known = Known(tuple(store.version_heads(image.image_id)))
        except DataError as error:
            known = Known(damaged=str(error))
        if time.time() - changed / 1e9 > RACY_S:
            with self._lock:
                self._known[folder] = changed, known
        return known
