"""Tasks that misbehave, which worker processes import by name; and workers that do as told."""

from __future__ import annotations

import os
import pickle
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from raysal.annotate.tool.prepare.cache import Cache
from raysal.annotate.tool.prepare.task import Task, Tools
from raysal.errors import DataError

Done = Callable[[str | None, bool], None]


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
            return {"pid": os.getpid(), "threads": os.environ.get("OMP_NUM_THREADS")}

        tools.cache.make(self.key, write)


class Held:
    """Workers of this process, which run a task when the test says so."""

    def __init__(self, count: int, threads: int, cache: Cache) -> None:
        self.count, self.cache = count, cache
        self.given: list[tuple[Task, Done]] = []

    def submit(self, task: Task, done: Done) -> None:
        """Keep it."""
        self.given.append((task, done))

    def run(self) -> Task:
        """Run the task that was given first."""
        task, done = self.given.pop(0)
        pickle.loads(pickle.dumps(task)).run(Tools(self.cache, 1))
        done(None, False)
        return task

    def rest(self) -> None:
        """Nothing was started."""

    def close(self) -> None:
        """Nothing was started."""
