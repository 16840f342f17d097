"""Simulated faults at the renames that commit files and stages, in any code."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest


class Killed(BaseException):
    """Simulates the end of the process: no code catches it."""


@contextlib.contextmanager
def around_renames(
    before: Callable[[Path], None] = lambda target: None,
    after: Callable[[Path], None] = lambda target: None,
) -> Iterator[None]:
    """While the block runs, call `before` and `after` with the target of every rename."""

    def watched(rename: Callable[..., None]) -> Callable[..., None]:
        def call(source: str, target: str, **options: int | None) -> None:
            before(Path(target))
            rename(source, target, **options)
            after(Path(target))

        return call

    with pytest.MonkeyPatch.context() as patch:
        for name in ("rename", "replace"):
            patch.setattr(os, name, watched(getattr(os, name)))
        yield


@contextlib.contextmanager
def disk_full_for(pattern: str) -> Iterator[None]:
    """While the block runs, writing a file whose name matches `pattern` fails: no space left.

    At least one such write must be attempted, otherwise the test has tested nothing.
    """
    refused = []

    def refuse(target: Path) -> None:
        if target.match(pattern):
            refused.append(target)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(target))

    with around_renames(before=refuse):
        yield
    assert refused, f"nothing was written as {pattern}"


@contextlib.contextmanager
def killed_after_each_stage() -> Iterator[None]:
    """While the block runs, raise `Killed` after each commit of a stage of a round."""

    def die(target: Path) -> None:
        if target.match("rounds/*/*") and not target.name.startswith("."):
            raise Killed

    with around_renames(after=die):
        yield


def lives(run: Callable[[], object]) -> int:
    """Call `run` until it is not killed any more; returns the number of calls."""
    count = 1
    while True:
        try:
            run()
        except Killed:
            count += 1
            continue
        return count
