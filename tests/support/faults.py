"""Faults where files and stages are committed: at the rename, whichever code asks for it."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest


class Killed(BaseException):
    """Stands for the end of the process: nothing catches it."""


@contextlib.contextmanager
def around_renames(
    before: Callable[[Path], None] = lambda target: None,
    after: Callable[[Path], None] = lambda target: None,
) -> Iterator[None]:
    """While the block runs, call these with the target of every rename of this process."""

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
    """While the block runs, there is no room for a file whose name matches `pattern`.

    At least one must have been tried: else nothing was tested.
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
    """While the block runs, whoever commits a stage of a round dies of it."""

    def die(target: Path) -> None:
        if target.match("rounds/*/*") and not target.name.startswith("."):
            raise Killed

    with around_renames(after=die):
        yield


def lives(run: Callable[[], object]) -> int:
    """How often something must be run to come to its end."""
    count = 1
    while True:
        try:
            run()
        except Killed:
            count += 1
            continue
        return count
