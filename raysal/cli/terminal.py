"""The console, and the display of progress on it."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from raysal.data.text import printable


def from_here(path: Path) -> Path:
    """The path relative to the working folder if it lies in it, as users type it."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


class SafeConsole(Console):
    """Prints texts as they are: without markup, because ids and paths may contain brackets,
    without turning `:x:` into a picture, and without control characters."""

    def __init__(self, *, stderr: bool = False) -> None:
        super().__init__(stderr=stderr, soft_wrap=True, highlight=False, markup=False, emoji=False)

    def render_str(self, text: str, **options: Any) -> Text:
        """A text that is to be printed, alone or in a table."""
        return super().render_str(printable(text), **options)


console = SafeConsole()
# Without a terminal (a log file, a batch job), progress is printed as a line at this interval.
LINE_EVERY_S = 30.0


def duration(seconds: float) -> str:
    """A duration in a readable unit: `40 s`, `12 min`, `3.5 h`."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 90 * 60 else f"{seconds / 3600:.1f} h"


class Terminal:
    """Shows a bar with count, rate and time left; without a terminal, prints occasional lines."""

    def __init__(self) -> None:
        self._bar = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=30),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}", markup=False),
            TimeRemainingColumn(),
            TextColumn("{task.fields[note]}", markup=False),
            console=console,
            transient=True,
            disable=not sys.stdout.isatty(),
        )
        self._task: TaskID | None = None
        self._what, self._total, self._done = "", None, 0  # type: tuple[str, int | None, int]
        self._start = self._last_line = 0.0
        self._done_then = 0

    def __enter__(self) -> Terminal:
        self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bar.stop()
        if kind is KeyboardInterrupt:
            console.print("interrupted; run again to resume")

    def say(self, text: str) -> None:
        """Print a line that stays."""
        console.print(text)

    def start(self, what: str, total: int | None) -> None:
        """Begin a task of `total` steps and show its bar."""
        self._what, self._total, self._done, self._done_then = what, total, 0, 0
        self._start = self._last_line = time.monotonic()
        self._task = self._bar.add_task(what, total=total, rate="", note="")

    def advance(self, steps: int, note: str = "") -> None:
        """Advance the bar."""
        if self._task is None:
            return
        self._done += steps
        now = time.monotonic()
        rate = f"{self._done / max(now - self._start, 1e-9):.1f}/s"
        self._bar.update(self._task, advance=steps, rate=rate, note=note)
        if self._bar.disable and now - self._last_line >= LINE_EVERY_S:
            self._line(now, note)

    def _line(self, now: float, note: str) -> None:
        """Print the steps done, with rate and time left as measured since the previous line."""
        per_s = (self._done - self._done_then) / (now - self._last_line)
        self._last_line, self._done_then = now, self._done
        of = left = ""
        if self._total:
            of = f" of {self._total}"
        if self._total and per_s:
            left = f", {duration(max(0, self._total - self._done) / per_s)} left"
        self.say(f"{self._what}: {self._done}{of}, {per_s:.1f}/s{left}  {note}".rstrip())

    def finish(self) -> None:
        """Remove the bar."""
        if self._task is not None:
            self._bar.remove_task(self._task)
            self._task = None
