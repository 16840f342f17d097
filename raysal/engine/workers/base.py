"""Work of a single worker on units of a pool."""

from __future__ import annotations

import itertools
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import torch

from raysal.data.decode import decode_image
from raysal.data.pool.reader import PoolReader
from raysal.data.pool.rows import PoolRow, Unit
from raysal.engine.jobs import PartReport, PoolJob
from raysal.errors import DataError
from raysal.models.checkpoint import LoadedModel, load_model

Job = TypeVar("Job", bound=PoolJob)
Result = TypeVar("Result")


@dataclass
class Chunk:
    """At most a batch of rows of one unit, to be decoded; `last` is the unit's last chunk."""

    unit: Unit
    rows: list[PoolRow]
    last: bool


@dataclass
class Decoded:
    """A chunk's readable images and (image id, reason) of the unreadable ones."""

    chunk: Chunk
    ids: list[str]
    images: list[Any]
    bad: list[tuple[str, str]]


class PoolWorker(ABC, Generic[Job, Result]):
    """Reads, decodes and processes whole units, and writes one part for each.

    The result of an image depends on the job and the image only, not on its batch or worker.

    Args:
        batch_size: images per forward pass.
        decode_threads: threads that decode ahead of the forward pass, two batches each. 0 decodes
            in this thread, which is best on CPUs, where the forward pass uses all cores.

    Raises:
        CheckpointError: the model does not exist, or does not provide what the job needs.
    """

    def __init__(
        self, job: Job, batch_size: int, device: torch.device, decode_threads: int = 0
    ) -> None:
        self.job, self.batch_size, self.device = job, batch_size, device
        self.reader = PoolReader(job.pool)
        self.loaded: LoadedModel | None = None
        if job.model is not None:
            self.loaded = load_model(job.model, device)
        self.pixels = job.pixels if self.loaded is None else self.loaded.pixels
        self._threads = ThreadPoolExecutor(decode_threads) if decode_threads else None
        # A scene is large, and its tiles fill a batch.
        self._ahead = 2 * decode_threads if job.tile is None else 1
        self._rows_at_once = batch_size if job.tile is None else 1

    @abstractmethod
    def wants(self, image_id: str) -> bool:
        """Whether the job includes this image."""

    def rows(self, unit: Unit) -> list[PoolRow]:
        """The images of a unit that have to be processed."""
        return [row for row in self.reader.read(unit) if self.wants(row.image_id)]

    def kept(self, unit: Unit) -> int:
        """Number of images of a unit whose existing results are kept."""
        return 0

    def decode(self, row: PoolRow) -> Any:
        """The image that is processed, see `decode_image`: at the size of the job.

        Raises:
            DataError: the image cannot be read.
        """
        return decode_image(row.data, self.job.size, row.max_megapixels, self.pixels)

    @abstractmethod
    def process(self, ids: list[str], images: list[Any]) -> list[Result]:
        """The results of readable images in the same order."""

    @abstractmethod
    def failed(self, image_id: str, reason: str) -> Result:
        """The result of an unreadable image."""

    @abstractmethod
    def write(self, unit: Unit, results: list[Result]) -> None:
        """Write the part of a unit."""

    def work(self, units: Iterable[Unit]) -> Iterator[PartReport]:
        """Process units one after the other, and yield a report after each part is written."""
        results: list[Result] = []
        images = bad = 0
        for decoded in self._decoded(self._chunks(units)):
            if decoded.ids:
                results += self.process(decoded.ids, decoded.images)
            results += [self.failed(*problem) for problem in decoded.bad]
            images += len(decoded.chunk.rows)
            bad += len(decoded.bad)
            if decoded.chunk.last:
                kept = self.kept(decoded.chunk.unit)
                self.write(decoded.chunk.unit, results)
                yield PartReport(images, bad, kept)
                results, images, bad = [], 0, 0

    def _chunks(self, units: Iterable[Unit]) -> Iterator[Chunk]:
        for unit in units:
            rows = self.rows(unit)
            starts = range(0, max(len(rows), 1), self._rows_at_once)
            for start in starts:
                last = start == starts[-1]
                yield Chunk(unit, rows[start : start + self._rows_at_once], last)

    def _decoded(self, chunks: Iterator[Chunk]) -> Iterator[Decoded]:
        if self._threads is None:
            yield from map(self._decode, chunks)
            return
        waiting: deque[Future[Decoded]] = deque(
            self._threads.submit(self._decode, c) for c in itertools.islice(chunks, self._ahead)
        )
        while waiting:
            done = waiting.popleft().result()
            waiting.extend(
                self._threads.submit(self._decode, c) for c in itertools.islice(chunks, 1)
            )
            yield done

    def _decode(self, chunk: Chunk) -> Decoded:
        decoded = Decoded(chunk, [], [], [])
        for row in chunk.rows:
            try:
                image = self.decode(row)
            except DataError as error:
                decoded.bad.append((row.image_id, str(error)))
                continue
            decoded.ids.append(row.image_id)
            decoded.images.append(image)
        return decoded
