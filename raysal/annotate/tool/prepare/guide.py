"""The model that chose what is asked, and what it looked at."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from raysal.config.seed import derive_seed
from raysal.inference.precision import Precision
from raysal.inference.vote import Dropped, Vote
from raysal.models import MODEL_FILE
from raysal.storage.seal import hash_file

MapKind = Literal["difficulty", "votes", "entropy", "least_confidence", "margin"]


@dataclass(frozen=True)
class MapSource:
    """How the map is computed by which images or regions were chosen.

    Attributes:
        kind: `difficulty` needs a model with that branch; without one, it is `entropy`.
        passes, vote, seed, round_index, dropped: of `votes`, as in the run, so that the map is the
            same.
    """

    kind: MapKind = "entropy"
    passes: int = 20
    vote: Vote = "hard"
    seed: int = 0
    round_index: int = 0
    dropped: Dropped = "channels"

    def vote_seed(self, image_id: str) -> int:
        """Seed of the dropout masks, as of `PoolJob`."""
        return derive_seed(self.seed, "votes", self.round_index, image_id)


@dataclass(frozen=True)
class ExtensionSource:
    """How a run will extend the labels of a query's images.

    Attributes:
        run: its folder.
        made_from: hash of the settings, the query and the initial labels.
    """

    run: Path
    round_index: int
    made_from: str


@dataclass(frozen=True)
class Guide:
    """What helps with a query.

    Attributes:
        model: folder or file of the checkpoint; None if there is none yet.
        name: for people, such as `round 2`.
        map: None for none.
        extension: None if labels are not extended.
    """

    model: Path | None = None
    name: str = ""
    precision: Precision = "auto"
    map: MapSource | None = None
    extension: ExtensionSource | None = None


NO_GUIDE = Guide()


def model_hash(model: Path) -> str:
    """Hash of a checkpoint, of which the folder or the file is given.

    Raises:
        OSError: it cannot be read.
    """
    file = model / MODEL_FILE if model.is_dir() else model
    status = file.stat()
    return _hash(file, status.st_size, status.st_mtime_ns)


@functools.lru_cache(maxsize=64)
def _hash(file: Path, size_bytes: int, mtime_ns: int) -> str:
    return hash_file(file)
