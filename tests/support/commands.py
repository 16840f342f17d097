"""The outcome of a command, and a tiny experiment to run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from raysal.data.sets.folder import Folder
from tests.support.shallow_network import SHALLOW


@dataclass(frozen=True)
class Ended:
    """The outcome of a command."""

    status: int
    out: str
    err: str

    def refused(self, *words: str) -> str:
        """Check for status 2 and one line on stderr that holds all `words`; return the line."""
        assert self.status == 2, self
        assert "Traceback" not in self.out + self.err
        assert self.err.startswith("raysal: ")
        assert self.err.count("\n") == 1, self.err
        assert [word for word in words if word not in self.err] == [], self.err
        return self.err

    def done(self, *words: str) -> str:
        """Check for status 0, an empty stderr, and `words` on stdout; return stdout."""
        assert (self.status, self.err) == (0, "")
        assert [word for word in words if word not in self.out] == [], self.out
        return self.out


Raysal = Callable[..., Ended]


def experiment(folder: Folder, output: Path) -> dict[str, Any]:
    """Settings of two rounds on a folder data set, trained for one epoch of two steps."""
    return {
        "name": "run",
        "output": str(output),
        "data": folder.dump(),
        "model": dict(SHALLOW),
        "train": {"epochs": 1, "batch_size": 2, "precision": "fp32"},
        "al": {"initial": 3, "budget": 2, "rounds": 2, "candidate_ratio": 1},
        "acquisition": {"name": "ds"},
        "engine": {"name": "local"},
    }


@dataclass(frozen=True)
class Setting:
    """A configuration file, its data and its run folder, used by one test only."""

    config: Path
    data: Folder
    root: Path
