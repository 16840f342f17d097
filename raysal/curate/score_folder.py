"""A folder of scores: what they are scores of, how far the scoring is, and one writer at a time.

A folder holds the scores of one model by one strategy. Which images it holds may grow: each row
of a part names the content of its image, so that no image is scored twice and none by mistake
for another.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

from pyarrow import fs
from pydantic import ValidationError

from raysal.config.settings import Frozen
from raysal.data.pool.parts import finished_parts
from raysal.errors import RunError
from raysal.inference.precision import Precision
from raysal.storage.lock import locked
from raysal.storage.uri import join, resolve, shown, write_whole

FILE = "scoring.json"


class Key(Frozen):
    """What a score depends on besides the image; one folder, one key."""

    model: str
    """Digest of its settings and weights."""
    strategy: dict[str, Any]
    precision: Precision
    seed: int | None
    """Only for strategies that draw lots."""
    features: str | None
    """Stage whose average goes with each score."""


class Scope(Frozen):
    """Which images are scored."""

    pool: str
    """Where it lies, without what gives access."""
    fingerprint: str
    """Of its ids and images."""
    limit: int | None
    candidates: float | None
    """Share of the pool that the lottery draws; None for all."""
    lottery: int | None
    """The lottery's seed."""

    def covers(self, other: Scope) -> bool:
        """Whether every image of `other` is one of these."""
        if (self.pool, self.fingerprint) != (other.pool, other.fingerprint):
            return False
        if self.lottery not in (None, other.lottery):
            return False
        if (self.candidates or 1.0) == (other.candidates or 1.0):
            return self.limit is None or (other.limit is not None and other.limit <= self.limit)
        return self.limit is None and (self.candidates or 1.0) > (other.candidates or 1.0)


class Scoring(Frozen):
    """The record of a score folder.

    What `finished` promises holds for `scope`; scores of wider scopes of earlier on may lie there,
    too.
    """

    version: Literal[2] = 2
    key: Key
    scope: Scope
    size: tuple[int, int]
    """(height, width) that the model sees, in pixels."""
    units: int
    """Parts that a finished scoring has at least."""
    recheck: bool
    """Whether parts may be of an earlier scope, so that each must be looked into."""
    finished: bool

    def missing(self, folder: str) -> int:
        """How many units have no part."""
        return max(0, self.units - len(finished_parts(folder)))


def read_scoring(folder: str) -> Scoring | None:
    """The record; None if there is none.

    Raises:
        RunError: damaged, or of another raysal.
    """
    filesystem, path = resolve(folder)
    try:
        with filesystem.open_input_stream(join(path, FILE)) as stream:
            data = stream.read()
    except (FileNotFoundError, NotADirectoryError):
        return None
    try:
        return Scoring.model_validate_json(data)
    except ValidationError as error:
        reason = error.errors(include_url=False)[0]
        raise RunError(
            f"{shown(folder)}/{FILE} is damaged or of another raysal "
            f"({'.'.join(map(str, reason['loc']))}: {reason['msg']}); score into another folder"
        ) from None


def write_scoring(folder: str, scoring: Scoring) -> None:
    """Write the record whole or not at all."""
    filesystem, path = resolve(folder)
    if isinstance(filesystem, fs.LocalFileSystem):
        Path(path).mkdir(parents=True, exist_ok=True)
    write_whole(filesystem, join(path, FILE), (scoring.model_dump_json(indent=2) + "\n").encode())


def check_same(folder: str, there: Scoring, key: Key, pool: str) -> None:
    """The folder's scores are of this key and this pool.

    Raises:
        RunError: they are of another model, strategy, setting or pool.
    """
    if there.key.model != key.model:
        raise RunError(
            f"{shown(folder)} is a score folder of another model ({there.key.model[:8]}, this one "
            f"is {key.model[:8]}); give --out another folder"
        )
    changed = [name for name, value in key if getattr(there.key, name) != value]
    changed += ["pool"] if there.scope.pool != pool else []
    if changed:
        raise RunError(
            f"{shown(folder)} holds scores of another request (another {', '.join(changed)}); "
            "give --out another folder"
        )


@contextlib.contextmanager
def one_writer(folder: str) -> Iterator[None]:
    """Hold the folder against a second scoring.

    An object store knows no lock. There, parts protect themselves: each is put whole, and what is
    in it depends on key and image alone, so that two scorings of one request do the work twice and
    leave the same. Two that begin at the same moment with different requests are not kept apart.

    Raises:
        RunError: another process holds it.
    """
    filesystem, path = resolve(folder)
    if not isinstance(filesystem, fs.LocalFileSystem):
        yield
        return
    Path(path).mkdir(parents=True, exist_ok=True)
    with locked(Path(path)):
        yield
