"""Calibrations of label extension, one at a time, in a process of their own.

They may take minutes, and the images that somebody has open must not wait so long.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from raysal.annotate.tool.prepare.cache import Cache
from raysal.annotate.tool.prepare.guide import Guide
from raysal.annotate.tool.prepare.layers import calibration_task
from raysal.annotate.tool.prepare.worker import one_line
from raysal.annotate.tool.prepare.workers import Workers

_DEATHS = 2


class Calibrations:
    """Which calibrations are there; safe to call from several threads.

    Args:
        threads: of the process.
        changed: called from another thread when one is finished.
    """

    def __init__(self, cache: Cache, threads: int, changed: Callable[[], None]) -> None:
        self._cache, self._changed = cache, changed
        self._workers = Workers(1, threads, cache)
        self._lock = threading.Lock()
        self._why: dict[Guide, str | None] = {}
        self._begun: set[Guide] = set()

    def begin(self, guide: Guide) -> None:
        """Calibrate for the query of a guide, unless that was begun."""
        with self._lock:
            if guide in self._begun:
                return
            self._begun.add(guide)
        self._submit(guide, 1)

    def is_finished(self, guide: Guide) -> bool:
        """Whether it was tried, with success or without."""
        with self._lock:
            return guide in self._why

    def why(self, guide: Guide) -> str | None:
        """Why there is none; None if it is there, or not yet finished."""
        with self._lock:
            return self._why.get(guide)

    def close(self) -> None:
        """End the process."""
        self._workers.close()

    def _submit(self, guide: Guide, attempt: int) -> None:
        try:
            task = calibration_task(guide)
        except OSError as error:
            self._finish(guide, one_line(error))
            return
        if self._cache.find(task.key) is not None:
            self._finish(guide, None)
            return

        def done(why: str | None, died: bool) -> None:
            if died and attempt < _DEATHS:
                self._submit(guide, attempt + 1)
            else:
                self._finish(guide, why)

        self._workers.submit(task, done)

    def _finish(self, guide: Guide, why: str | None) -> None:
        with self._lock:
            self._why[guide] = why
            if self._begun == self._why.keys():
                self._workers.rest()  # It holds much memory.
        self._changed()
