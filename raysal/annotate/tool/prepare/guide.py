"""The model that chose what is asked, and what it looked at."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from raysal.inference.precision import Precision
from raysal.inference.vote import Vote

MapKind = Literal["difficulty", "votes", "entropy", "least_confidence", "margin"]


@dataclass(frozen=True)
class MapSource:
    """How the map is computed by which images or regions were chosen.

    Attributes:
        kind: `difficulty` needs a model with that branch; without one, it is `entropy`.
        passes, vote, seed, round_index: of `votes`, as in the run, so that the map is the same.
    """

    kind: MapKind = "entropy"
    passes: int = 20
    vote: Vote = "hard"
    seed: int = 0
    round_index: int = 0


@dataclass(frozen=True)
class Guide:
    """What helps with a query.

    Attributes:
        model: folder or file of the checkpoint; None if there is none yet.
        name: for people, such as `round 2`.
        map: None for none.
    """

    model: Path | None = None
    name: str = ""
    precision: Precision = "auto"
    map: MapSource | None = None


NO_GUIDE = Guide()
