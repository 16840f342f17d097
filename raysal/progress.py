"""How a run tells what it is doing."""

from __future__ import annotations

from typing import Protocol


class Watch(Protocol):
    """Receives progress; the command line draws it, tests ignore it."""

    def say(self, text: str) -> None:
        """Something worth a line that stays."""

    def start(self, what: str, total: int | None) -> None:
        """A long piece of work begins; `total` steps, if known."""

    def advance(self, steps: int, note: str = "") -> None:
        """Some of its steps are done."""

    def finish(self) -> None:
        """It is over."""


class Silent:
    """Nobody watches."""

    def say(self, text: str) -> None:
        """Ignored."""

    def start(self, what: str, total: int | None) -> None:
        """Ignored."""

    def advance(self, steps: int, note: str = "") -> None:
        """Ignored."""

    def finish(self) -> None:
        """Ignored."""
