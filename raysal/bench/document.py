"""The file that `--json` writes: results, and the machine that they hold for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from raysal.bench.machine import Machine
from raysal.bench.result import Result, without_nan
from raysal.storage.atomic import write_json

VERSION = 1


@dataclass(frozen=True)
class Ran:
    """A benchmark that has ended.

    Attributes:
        result: None if it failed.
        error: why it failed, in one line.
        seconds: that all of it took.
        load: processes that wanted a core, before and after; see `raysal.bench.machine.load`.
    """

    name: str
    result: Result | None
    error: str
    seconds: float
    load: tuple[float, float]

    @property
    def good(self) -> bool:
        """Whether there are figures that mean something."""
        return self.result is not None and not self.result.wrong

    def as_json(self) -> dict[str, Any]:
        """One entry of the file: what `Result.as_json` has, or the error, and how it ran."""
        return {
            "name": self.name,
            **({} if self.result is None else self.result.as_json()),
            "error": self.error,
            "seconds": round(self.seconds, 2),
            "load": without_nan(self.load),
        }


def write_document(file: Path, machine: Machine, ran: Sequence[Ran]) -> None:
    """Write what has run so far.

    Raises:
        OSError: no space, no permission.
    """
    value = {
        "version": VERSION,
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": without_nan(machine.as_json()),
        "benches": [each.as_json() for each in ran],
    }
    write_json(file, value)
