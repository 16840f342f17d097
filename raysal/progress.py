"""Progress of long work, reported to the user."""

from __future__ import annotations

from typing import Protocol


class Watch(Protocol):
    """Receives progress; the command line displays it, tests ignore it."""

    def say(self, text: str) -> None:
        """Print a line."""

    def start(self, what: str, total: int | None) -> None:
        """A task begins; it has `total` steps, if known."""

    def advance(self, steps: int, note: str = "") -> None:
        """Steps of the current task are done."""

    def finish(self) -> None:
        """The current task is done."""


class Silent:
    """Ignores progress."""

    def say(self, text: str) -> None:
        """Ignored."""

    def start(self, what: str, total: int | None) -> None:
        """Ignored."""

    def advance(self, steps: int, note: str = "") -> None:
        """Ignored."""

    def finish(self) -> None:
        """Ignored."""
