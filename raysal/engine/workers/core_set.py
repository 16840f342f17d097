"""Core-set on the features in score parts; the same code in every engine."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from raysal.acquisition.selection.k_center import (
    LocalShards,
    Shard,
    Shards,
    check_finite,
    k_center_greedy,
)
from raysal.acquisition.selection.score_parts import read_features
from raysal.acquisition.selection.top_k import Pick
from raysal.data.pool.parts import finished_parts, part_name
from raysal.data.pool.pool import Pool
from raysal.data.pool.rows import Unit
from raysal.engine.jobs import KCenterJob


@dataclass(frozen=True)
class Stretch:
    """Consecutive units of the pool.

    Attributes:
        first: number of images of the pool before these units.
    """

    first: int
    units: tuple[Unit, ...]


def stretches(pool: Pool, images: int) -> list[Stretch]:
    """Split the pool into stretches of at most `images` images, but of at least one unit."""
    found: list[Stretch] = []
    first, units, rows = 0, list[Unit](), 0
    for unit in pool.units:
        if units and rows + unit.rows > images:
            found.append(Stretch(first, tuple(units)))
            first, units, rows = first + rows, [], 0
        units.append(unit)
        rows += unit.rows
    return [*found, Stretch(first, tuple(units))]


def load_shard(job: KCenterJob, stretch: Stretch) -> Shard:
    """The candidates of a stretch. Images that are no candidates leave gaps in the numbering, and
    so do units that came to the pool after it was scored.

    Raises:
        DataError: a feature is not a finite number.
    """
    there = finished_parts(job.scores)
    parts = [name for unit in stretch.units if (name := part_name(unit.name)) in there]
    ids, vectors_ND = read_features(job.scores, parts)
    return Shard(ids, vectors_ND, stretch.first, job.metric)


def k_center_here(job: KCenterJob) -> Iterator[Pick]:
    """See `Engine.k_center`; holds all candidates in this process."""
    whole = Stretch(0, job.pool.units)
    return k_center(job, LocalShards([load_shard(job, whole)]))


def k_center(job: KCenterJob, shards: Shards) -> Iterator[Pick]:
    """See `Engine.k_center`."""
    ids, centres_KD = read_features(job.labelled, sorted(finished_parts(job.labelled)))
    check_finite(ids, centres_KD)
    for far in k_center_greedy(shards, centres_KD, job.seed, job.round_index):
        yield Pick(far.image_id, far.distance)
