"""Calibrations of label extension, one at a time, in a process of their own, which then extends.

They may take minutes, and the images that somebody has open must not wait so long; nor must
extended labels wait for what is computed ahead.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from raysal.annotate.tool.prepare.cache import Cache
from raysal.annotate.tool.prepare.guide import Guide
from raysal.annotate.tool.prepare.layers import calibration_task
from raysal.annotate.tool.prepare.task import Task, Tools
from raysal.annotate.tool.prepare.worker import one_line
from raysal.annotate.tool.prepare.workers import Workers

_DEATHS = 2


class Calibrations:
    """Which calibrations are there; safe to call from several threads.

    Args:
        threads: of the process.
        changed: called from another thread when one is finished.

    Attributes:
        workers: for what follows from a calibration that is finished.
    """

    def __init__(self, cache: Cache, threads: int, changed: Callable[[], None]) -> None:
        self._cache, self._changed = cache, changed
        self.workers = Workers(1, threads, cache)
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

        self.workers.submit(task, done)

    def _finish(self, guide: Guide, why: str | None) -> None:
        with self._lock:
            self._why[guide] = why
            last = self._begun == self._why.keys()
        if last:
            self.workers.rest()  # It holds much memory.
            if why is None:
                self.workers.submit(ReadyTask("", b"", (0, 0)), lambda why, died: None)
        self._changed()


@dataclass(frozen=True)
class ReadyTask(Task):
    """Imports what extending needs, before somebody waits for it."""

    def run(self, tools: Tools) -> None:
        """See `Task.run`."""

        import raysal.engine.workers.cell_features
        import raysal.experiment.extend_labels
        import raysal.regions.origins  # noqa: F401
