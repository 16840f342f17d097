"""What the stages of a round have in common."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from raysal.data.pool.parts import drop_failed_parts
from raysal.data.pool.reader import Pool
from raysal.engine.base import Engine
from raysal.errors import BadImagesError
from raysal.experiment.config import ExperimentConfig
from raysal.experiment.layout import RunPlace
from raysal.experiment.oracle import Oracle
from raysal.progress import Watch


@dataclass(frozen=True)
class Round:
    """What a round works with.

    Attributes:
        index: counted from 0.
        last: whether the experiment ends with it, so that nothing is asked for.
    """

    config: ExperimentConfig
    place: RunPlace
    pool: Pool
    engine: Engine
    oracle: Oracle
    watch: Watch
    index: int
    last: bool


def pool_job(
    r: Round, model: Path | None, out: Path, images: Collection[str] | None = None
) -> dict[str, Any]:
    """What every job over the pool is told."""
    c = r.config
    return {
        "pool": r.pool, "model": model, "out": str(out), "size": c.data.size,
        "precision": c.train.precision, "seed": c.seed, "round_index": r.index,
        "units": None if images is None else r.pool.units_of(images),
    }  # fmt: skip


def check_bad(
    r: Round, bad: Sequence[str], of: int, what: str, problem: str = "unreadable"
) -> None:
    """Report images that cannot be used by id.

    Raises:
        BadImagesError: they are too large a share.
    """
    if not bad:
        return
    named = ", ".join(bad[:5]) + (", ..." if len(bad) > 5 else "")
    if len(bad) > r.config.data.max_bad_share * of:
        raise BadImagesError(
            f"{len(bad)} of {of} {what} are {problem} ({named}), more than data.max_bad_share = "
            f"{r.config.data.max_bad_share:g}; raise that share and run again, or repair them and "
            "begin a new run"
        )
    r.watch.say(f"round {r.index}: set aside {len(bad)} {problem} of {of} {what}: {named}")


def check_parts(
    r: Round, parts: Path, bad: Sequence[str], of: int, what: str, problem: str = "unreadable"
) -> None:
    """As `check_bad`; the parts with errors are dropped, so that running again tries them again.

    Raises:
        BadImagesError: too many are unreadable.
    """
    try:
        check_bad(r, bad, of, what, problem)
    except BadImagesError:
        drop_failed_parts(str(parts))
        raise
