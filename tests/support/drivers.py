"""`raysal` commands in processes of their own, which tests can kill."""

from __future__ import annotations

import multiprocessing
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from raysal.cli.main import main

LOADED = multiprocessing.get_context("forkserver")
LOADED.set_forkserver_preload(["raysal.cli.main"])


@dataclass(frozen=True)
class Driver:
    """A process whose output is written to a file."""

    process: Any
    output: Path

    def ended(self, within_s: float) -> bool:
        """Whether it ended within this time; a failure raises."""
        self.process.join(within_s)
        if self.process.exitcode is None:
            return False
        assert self.process.exitcode == 0, self.output.read_text()
        return True

    def kill(self) -> None:
        """As `kill -9` does."""
        self.process.kill()
        self.process.join()

    def stop(self) -> None:
        """As Ctrl-C on a batch system does; after some seconds as `kill -9`."""
        self.process.terminate()
        self.process.join(10)
        self.kill()


def start(arguments: Sequence[object], output: Path) -> Driver:
    """Start `raysal`, in a fork of a process that has already loaded Python and torch."""
    process = LOADED.Process(target=_run, args=([str(a) for a in arguments], output))
    process.start()
    return Driver(process, output)


def _run(arguments: list[str], output: Path) -> None:
    with output.open("wb") as file:
        for stream in (1, 2):
            os.dup2(file.fileno(), stream)
    sys.argv = ["raysal", *arguments]
    main()
