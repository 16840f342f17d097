"""Work on pool units by one worker; the same code in any engine."""

from __future__ import annotations

import itertools
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np
import torch

from raysal.data.decode import decode_image
from raysal.data.pool.reader import PoolReader, PoolRow, Unit
from raysal.engine.jobs import PartReport, PoolJob
from raysal.errors import DataError
from raysal.models.checkpoint import LoadedModel, load_model

Job = TypeVar("Job", bound=PoolJob)
Result = TypeVar("Result")


@dataclass
class Chunk:
    """Up to a batch of rows of one unit, on their way through decoding."""

    unit: Unit
    rows: list[PoolRow]
    last: bool


@dataclass
class Decoded:
    """A chunk's readable images, uint8 (H, W, 3), and (image id, reason) of the others."""

    chunk: Chunk
    ids: list[str]
    images: list[np.ndarray]
    bad: list[tuple[str, str]]


class PoolWorker(ABC, Generic[Job, Result]):
    """Reads, decodes and works on whole units, writing one part for each.

    Results depend on (job, image) only: not on the batch an image is in, nor on which worker
    does it.

    Args:
        decode_threads: decode that many batches ahead of the forward pass; 0, on CPUs, decodes
            in line, since there the forward pass uses all cores anyway.

    Raises:
        CheckpointError: no such model, or one that lacks what the job reads.
    """

    def __init__(
        self, job: Job, batch_size: int, device: torch.device, decode_threads: int = 0
    ) -> None:
        self.job, self.batch_size, self.device = job, batch_size, device
        self.reader = PoolReader(job.pool)
        self.loaded: LoadedModel | None = None
        if job.model is not None:
            self.loaded = load_model(job.model, device)
        self._threads = ThreadPoolExecutor(decode_threads) if decode_threads else None
        self._ahead = 2 * decode_threads

    @abstractmethod
    def wants(self, image_id: str) -> bool:
        """Whether the job is about this image."""

    def rows(self, unit: Unit) -> list[PoolRow]:
        """The images of a unit that are to be worked on."""
        return [row for row in self.reader.read(unit) if self.wants(row.image_id)]

    def kept(self, unit: Unit) -> int:
        """Images of a unit whose results were there already and stay."""
        return 0

    @abstractmethod
    def process(self, ids: list[str], images: list[np.ndarray]) -> list[Result]:
        """The results of some readable images."""

    @abstractmethod
    def failed(self, image_id: str, reason: str) -> Result:
        """The result of an image that cannot be read."""

    @abstractmethod
    def write(self, unit: Unit, results: list[Result]) -> None:
        """Leave a unit's part."""

    def work(self, units: Iterable[Unit]) -> Iterator[PartReport]:
        """Do units one after the other; a report for each part once it is on disk."""
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
            starts = range(0, max(len(rows), 1), self.batch_size)
            for start in starts:
                last = start == starts[-1]
                yield Chunk(unit, rows[start : start + self.batch_size], last)

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
                image = decode_image(row.data, self.job.size)
            except DataError as error:
                decoded.bad.append((row.image_id, str(error)))
                continue
            decoded.ids.append(row.image_id)
            decoded.images.append(image)
        return decoded
