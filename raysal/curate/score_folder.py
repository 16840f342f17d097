"""A score folder: its key, its scope and progress, and its lock against a second writer.

A folder holds the scores of one model by one strategy. Further images can be added: each row of a
part holds the content hash of its image, so that no image is scored twice or confused with another.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

from pyarrow import fs
from pydantic import ValidationError

from raysal.config.settings import Frozen
from raysal.data.pool.part_hashes import PartHashes
from raysal.data.pool.parts import finished_parts
from raysal.errors import RunError
from raysal.inference.precision import Precision
from raysal.storage.foreign import check_unused, names_in
from raysal.storage.lock import locked
from raysal.storage.seal import SEAL, is_intact, sealed
from raysal.storage.uri import join, resolve, shown, write_whole

FILE = "scoring.json"
PARTS = "score-parts.json"


class Key(Frozen):
    """All that a score depends on besides the image; the same for a whole folder."""

    model: str
    """Digest of the model's settings and weights."""
    strategy: dict[str, Any]
    precision: Precision
    seed: int | None
    """None for strategies that draw no random numbers."""
    features: str | None
    """What made the vectors that are written with the scores: a stage of the network (see
    `PooledFeatures`), or name and digest of a `FeatureEncoder`."""


class Scope(Frozen):
    """Which images are scored."""

    pool: str
    """Its path or URI, without credentials."""
    fingerprint: str
    """Fingerprint of the pool's ids and images."""
    limit: int | None
    candidates: float | None
    """Share of the pool drawn at random; None for all."""
    lottery: int | None
    """Seed of the random draw of candidates."""

    def covers(self, other: Scope) -> bool:
        """Whether this scope includes every image of `other`."""
        if (self.pool, self.fingerprint) != (other.pool, other.fingerprint):
            return False
        if self.lottery not in (None, other.lottery):
            return False
        if (self.candidates or 1.0) == (other.candidates or 1.0):
            return self.limit is None or (other.limit is not None and other.limit <= self.limit)
        return self.limit is None and (self.candidates or 1.0) > (other.candidates or 1.0)


class Scoring(Frozen):
    """The record of a score folder.

    `finished` refers to `scope`; the folder may also hold scores of earlier, wider scopes.
    """

    version: Literal[2] = 2
    key: Key
    scope: Scope
    size: tuple[int, int]
    """(height, width) that the model sees, in pixels."""
    units: int
    """Minimum number of parts of a finished scoring."""
    recheck: bool
    """Whether parts may belong to an earlier scope, so that each must be checked."""
    finished: bool

    def missing(self, folder: str) -> int:
        """How many units have no part."""
        return max(0, self.units - len(finished_parts(folder)))


def read_scoring(folder: str) -> Scoring | None:
    """The record; None if there is none.

    Raises:
        RunError: it is damaged, or another raysal version wrote it.
    """
    filesystem, path = resolve(folder)
    try:
        with filesystem.open_input_stream(join(path, FILE)) as stream:
            data = stream.read()
    except (FileNotFoundError, NotADirectoryError):
        return None
    try:
        values = json.loads(data)
    except ValueError as error:  # Not JSON, or not text.
        raise _damaged(folder, str(error).splitlines()[0]) from None
    if not isinstance(values, dict) or not is_intact(values):
        raise _damaged(folder, "its content has changed")
    values.pop(SEAL, None)
    try:
        return Scoring.model_validate(values)
    except ValidationError as error:
        reason = error.errors(include_url=False)[0]
        where = ".".join(map(str, reason["loc"]))
        raise _damaged(folder, f"{where}: {reason['msg']}") from None


def _damaged(folder: str, reason: str) -> RunError:
    return RunError(
        f"{shown(folder)}/{FILE} is damaged or of another raysal version ({reason}); score into "
        "another folder"
    )


def write_scoring(folder: str, scoring: Scoring) -> None:
    """Write the record atomically."""
    filesystem, path = resolve(folder)
    if isinstance(filesystem, fs.LocalFileSystem):
        Path(path).mkdir(parents=True, exist_ok=True)
    text = json.dumps(sealed(scoring.dump()), indent=2) + "\n"
    write_whole(filesystem, join(path, FILE), text.encode())


def part_hashes(folder: str) -> PartHashes:
    """The hashes of the parts, while a scoring is finished."""
    return PartHashes(folder, PARTS, "raysal score")


def check_place(folder: str) -> None:
    """Check that a folder is new or empty, or a score folder.

    Raises:
        RunError: it is a file, or holds files that raysal did not make.
    """
    if FILE not in names_in(folder):
        check_unused(folder, "the scores")


def check_same(folder: str, existing: Scoring, key: Key, pool: str) -> None:
    """Check that the folder's scores are of this key and this pool.

    Raises:
        RunError: they are of another model, strategy, setting or pool.
    """
    if existing.key.model != key.model:
        raise RunError(
            f"{shown(folder)} is a score folder of another model ({existing.key.model[:8]}, not "
            f"{key.model[:8]}); write to another folder"
        )
    changed = [name for name, value in key if getattr(existing.key, name) != value]
    changed += ["pool"] if existing.scope.pool != pool else []
    if changed:
        raise RunError(
            f"{shown(folder)} holds scores of another {', '.join(changed)}; write to another folder"
        )


@contextlib.contextmanager
def one_writer(folder: str) -> Iterator[None]:
    """Lock the folder against a second scoring.

    Object stores have no locks. There, two scorings of the same request do the work twice with the
    same result, because each part is written atomically and depends only on key and images. Two
    different requests that start at the same moment are not detected.

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
