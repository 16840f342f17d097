"""Progress of long work, reported to the user."""

from __future__ import annotations

from typing import Protocol


class Watch(Protocol):
    """Receives progress; the command line displays it, tests ignore it."""

    def say(self, text: str) -> None:
        """Print a line."""

    def start(self, what: str, total: int | None) -> None:
        """A task begins; `total` is its number of steps, None if unknown."""

    def advance(self, steps: int, note: str = "") -> None:
        """`steps` more steps of the current task are done; `note` is shown beside them."""

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
