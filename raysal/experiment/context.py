"""What the stages of a round share."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from raysal.data.identity import Identity
from raysal.data.pool.parts import drop_failed_parts
from raysal.data.pool.pool import Pool
from raysal.data.sets.base import Dataset
from raysal.engine.base import Engine
from raysal.errors import BadImagesError
from raysal.experiment.config import ExperimentConfig
from raysal.experiment.layout import RunLayout
from raysal.experiment.oracle import Oracle
from raysal.experiment.stop_config import StopConfig
from raysal.progress import Watch


@dataclass(frozen=True)
class Round:
    """A round, and what its stages work with.

    Attributes:
        config: the settings that it is run with.
        rounds: number of rounds of the experiment.
        index: counted from 0.
        excluded: images that it must not query; see `excluded_from_query`.
        measuring: the data set whose test and validation splits are measured on.
        data: the images and masks of its splits that the run began with.
        stop: the present rules for an early end of the experiment.
    """

    config: ExperimentConfig
    rounds: int
    layout: RunLayout
    pool: Pool
    engine: Engine
    oracle: Oracle
    watch: Watch
    index: int
    excluded: frozenset[str]
    measuring: Dataset
    data: Identity
    stop: StopConfig | None = None

    @property
    def last(self) -> bool:
        """Whether the experiment ends with this round, so that it has no query.

        A query that was made stays, even if all other images have gone since.
        """
        if self.index == self.rounds - 1:
            return True
        none_left = len(self.excluded) == self.pool.images
        return none_left and not self.layout.round(self.index).query.exists()


def pool_job(
    r: Round, model: Path | None, out: Path, images: Collection[str] | None = None
) -> dict[str, Any]:
    """Arguments of every job over the pool; `images` restricts it to their units."""
    c = r.config
    return {
        "pool": r.pool,
        "model": model,
        "out": str(out),
        "size": c.data.size,
        "precision": c.train.precision,
        "seed": c.seed,
        "round_index": r.index,
        "units": None if images is None else r.pool.units_of(images),
        "pixels": c.data.pixels,
        "tile": c.data.tile,
    }


def check_bad(
    r: Round, bad: Sequence[str], of: int, what: str, problem: str = "unreadable"
) -> None:
    """Report images that cannot be used.

    Args:
        bad: their ids.
        of: number of images that were tried, `what` of them.

    Raises:
        BadImagesError: their share exceeds `data.max_bad_share`.
    """
    check_share(r.config, r.watch, f"round {r.index}", bad, of, what, problem)


def check_share(
    config: ExperimentConfig,
    watch: Watch,
    where: str,
    bad: Sequence[str],
    of: int,
    what: str,
    problem: str = "unreadable",
) -> None:
    """As `check_bad`, also before the first round.

    Args:
        where: what needs the images, for messages.
    """
    if not bad:
        return
    named = ", ".join(bad[:5]) + (", ..." if len(bad) > 5 else "")
    if len(bad) > config.data.max_bad_share * of:
        raise BadImagesError(
            f"{len(bad)} of {of} {what} are {problem} ({named}), more than data.max_bad_share = "
            f"{config.data.max_bad_share:g}; raise that share and run again, or repair the "
            "images and start a new run"
        )
    watch.say(f"{where}: set aside {len(bad)} {problem} of {of} {what}: {named}")


def check_parts(
    r: Round, parts: Path, bad: Sequence[str], of: int, what: str, problem: str = "unreadable"
) -> None:
    """As `check_bad`, for images whose errors are in parts; see `drop_failed_parts`.

    Raises:
        BadImagesError: their share is too large; the parts with errors are removed, so that the
            next attempt tries these images again.
    """
    try:
        check_bad(r, bad, of, what, problem)
    except BadImagesError:
        drop_failed_parts(str(parts))
        raise
