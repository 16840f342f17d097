"""Tasks that misbehave; worker processes import them by name."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from raysal.annotate.tool.prepare.task import Task, Tools
from raysal.errors import DataError


@dataclass(frozen=True)
class NoteTask(Task):
    """Leaves the id of its process in the cache, and does what `how` says.

    Attributes:
        how: `die` at once, `die once` if the file `mark` is not there yet, `fail`, `sleep`, `work`.
    """

    how: str = "work"
    mark: Path = Path()

    def run(self, tools: Tools) -> None:
        """See `Task.run`."""
        if self.how == "die" or (self.how == "die once" and not self.mark.exists()):
            if self.how == "die once":
                self.mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        if self.how == "fail":
            raise DataError("cannot be done\nsecond line")
        if self.how == "sleep":
            self.mark.write_text(str(os.getpid()))
            time.sleep(60)

        def write(folder: Path) -> dict[str, Any]:
            return {"pid": os.getpid(), "threads": os.environ["OMP_NUM_THREADS"]}

        tools.cache.make(self.key, write)
