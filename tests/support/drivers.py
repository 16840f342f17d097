"""`raysal` commands in processes of their own, which tests can kill."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from raysal.cli.main import main
from tests.support.shallow_network import know_shallow

LOADED = multiprocessing.get_context("forkserver")
# What a run imports only when it begins to work takes longer than its work in a test.
LOADED.set_forkserver_preload(["raysal.experiment.run", "raysal.engine.on_ray.engine"])


@dataclass(frozen=True)
class Driver:
    """A process whose output is written to a file."""

    process: Any
    output: Path

    @property
    def pid(self) -> int:
        """Its process id."""
        return int(self.process.pid)

    def status(self, within_s: float) -> int | None:
        """Its exit status; None if it did not end within this time, negative for a signal."""
        self.process.join(within_s)
        status: int | None = self.process.exitcode
        return status

    def ended(self, within_s: float) -> bool:
        """Whether it ended within this time; a failure raises."""
        status = self.status(within_s)
        assert status in (None, 0), self.output.read_text()
        return status == 0

    def kill(self) -> None:
        """As `kill -9` does."""
        self.process.kill()
        self.process.join()

    def stop(self) -> None:
        """As Ctrl-C on a batch system does; after some seconds as `kill -9`."""
        self.process.terminate()
        self.process.join(10)
        self.kill()


Before = Callable[[], object]


def start(
    arguments: Sequence[object], output: Path, before: Before | None = None, **env: str
) -> Driver:
    """Start `raysal`, in a fork of a process that has already loaded Python, torch and Ray.

    Args:
        before: what the process does first; it must be possible to pickle it.
        env: environment variables of the process.
    """
    process = LOADED.Process(target=_run, args=([str(a) for a in arguments], output, before, env))
    process.start()
    return Driver(process, output)


def call(work: Callable[[], object], output: Path) -> Driver:
    """As `start`, but the process does `work`, which it must be possible to pickle."""
    process = LOADED.Process(target=_call, args=(work, output, {}))
    process.start()
    return Driver(process, output)


def _run(arguments: list[str], output: Path, before: Before | None, env: dict[str, str]) -> None:
    def command() -> None:
        sys.argv = ["raysal", *arguments]
        if before is not None:
            before()
        main()

    _call(command, output, env)


def _call(work: Callable[[], object], output: Path, env: dict[str, str]) -> None:
    with output.open("wb") as file:
        for stream in (1, 2):
            os.dup2(file.fileno(), stream)
    for name in [name for name in os.environ if name.startswith("RAY_")]:
        del os.environ[name]  # Of the cluster that the tests' own process may have joined.
    os.environ |= env
    know_shallow()
    work()


def dies_at(stage: Path, committed: bool) -> Before:
    """The process kills itself with SIGKILL just before or after it commits a stage of a run."""
    return partial(_die_at, stage, committed)


def _die_at(stage: Path, committed: bool) -> None:
    rename = Path.rename

    def renames(self: Path, target: Path) -> Path:
        if Path(target) != stage:
            return rename(self, target)
        if committed:
            rename(self, target)
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError("still alive")

    Path.rename = renames  # type: ignore[assignment,method-assign]
