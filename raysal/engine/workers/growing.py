"""Work on a pool that may grow: results of images that have not changed are kept."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, replace
from typing import Any, Generic, Protocol, TypeVar, cast

import torch

from raysal.data.pool.rows import PoolRow, Unit
from raysal.engine.jobs import GrowingJob
from raysal.engine.workers.base import PoolWorker


class Hashed(Protocol):
    """A result of one image, a frozen dataclass."""

    @property
    def image_id(self) -> str:
        """Id of the image."""

    @property
    def content_hash(self) -> str | None:
        """Hash of the image file that the result was computed from."""


Job = TypeVar("Job", bound=GrowingJob)
Result = TypeVar("Result", bound=Hashed)


@dataclass(frozen=True)
class StartedUnit(Generic[Result]):
    """A unit that is being worked on.

    Attributes:
        hashes: content hashes by id, in pool order.
        kept: results on disk whose images are unchanged.
        missing: ids still to be processed.
        rewrite: whether the part on disk has to be replaced.
    """

    hashes: dict[str, str]
    kept: list[Result]
    missing: list[str]
    rewrite: bool


class GrowingWorker(PoolWorker[Job, Result]):
    """Computes what the parts on disk lack, and writes parts with the hash of each image."""

    def __init__(
        self, job: Job, batch_size: int, device: torch.device, decode_threads: int = 0
    ) -> None:
        super().__init__(job, batch_size, device, decode_threads)
        self._started: dict[str, StartedUnit[Result]] = {}

    @abstractmethod
    def read_there(self, unit: Unit) -> list[Result]:
        """The results of a unit that are on disk; empty if it has no part."""

    @abstractmethod
    def write_rows(self, unit: Unit, rows: list[Result]) -> None:
        """Write the part of a unit."""

    def rows(self, unit: Unit) -> list[PoolRow]:
        """The images of the job that have no result yet."""
        if self.job.recheck:
            started = self.start(unit)
            rows = self.reader.read(unit, started.missing) if started.missing else []
        else:
            rows = super().rows(unit)
            hashes = {row.image_id: row.content_hash for row in rows}
            started = StartedUnit(hashes, [], list(hashes), rewrite=True)
        self._started[unit.name] = started
        return rows

    def start(self, unit: Unit) -> StartedUnit[Result]:
        """What the part on disk has and lacks. A result is kept while its image is unchanged."""
        hashes = self.reader.hashes(unit)
        there = self.read_there(unit) if self.job.recheck else []
        kept = [r for r in there if r.content_hash and hashes.get(r.image_id) == r.content_hash]
        done = {result.image_id for result in kept}
        ids = list(hashes)[: unit.rows]
        missing = [i for i in ids if self.wants(i) and i not in done]
        started = StartedUnit(hashes, kept, missing, rewrite=not there or len(kept) < len(there))
        self._started[unit.name] = started
        return started

    def kept(self, unit: Unit) -> int:
        """Number of images of the job whose results on disk are kept."""
        return sum(self.wants(result.image_id) for result in self._started[unit.name].kept)

    def write(self, unit: Unit, results: list[Result]) -> None:
        """Write a part in pool order, kept results included."""
        started = self._started.pop(unit.name)
        if results or started.rewrite:
            by_id = {result.image_id: result for result in (*started.kept, *results)}
            rows: list[Result] = [
                replace(cast(Any, by_id[i]), content_hash=content_hash)
                for i, content_hash in started.hashes.items()
                if i in by_id
            ]
            self.write_rows(unit, rows)
