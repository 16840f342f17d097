"""Scoring of pool units by one worker; the same code in any engine."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import torch

from raysal.acquisition.base import PoolBatch
from raysal.acquisition.score_parts import Scored, write_part
from raysal.data.decode import decode_image
from raysal.data.pool import PoolRow, Unit
from raysal.engine.base import ScoreJob, ScoreReport
from raysal.errors import CheckpointError, DataError
from raysal.models.checkpoint import LoadedModel, load_model
from raysal.training.evaluate import to_tensor
from raysal.training.steps import predict


@dataclass
class _Chunk:
    """Up to a batch of rows of one unit, on their way through decoding."""

    unit: Unit
    rows: list[PoolRow]
    last: bool


@dataclass
class _Decoded:
    """A chunk's readable images, and why the others are not."""

    chunk: _Chunk
    ids: list[str]
    images: list[np.ndarray]
    bad: list[Scored]


class Scorer:
    """Reads, decodes, predicts and scores whole units, writing one part for each.

    A score depends on (model, image, strategy, seed) only: not on the batch an image is in, nor
    on which worker scores it.

    Args:
        decode_threads: decode that many batches ahead of the forward pass; 0, on CPUs, decodes
            in line, since there the forward pass uses all cores anyway.

    Raises:
        CheckpointError: the model lacks what the strategy reads.
    """

    def __init__(
        self, job: ScoreJob, batch_size: int, device: torch.device, decode_threads: int = 0
    ) -> None:
        self.job, self.batch_size, self.device = job, batch_size, device
        self.loaded: LoadedModel | None = None
        if job.model is not None:
            self.loaded = load_model(job.model, device)
            check_needs(job, self.loaded)
        self._threads = ThreadPoolExecutor(decode_threads) if decode_threads else None
        self._ahead = 2 * decode_threads

    def score(self, units: Iterable[Unit]) -> Iterator[ScoreReport]:
        """Score units one after the other; a report for each part once it is on disk."""
        if self.loaded is None:
            yield from self._draw_lots(units)
            return
        results: list[Scored] = []
        for decoded in self._decoded(self._chunks(units)):
            results += self._score_images(decoded) + decoded.bad
            if decoded.chunk.last:
                write_part(self.job.out, decoded.chunk.unit.name, results)
                yield ScoreReport(len(results), sum(r.error is not None for r in results))
                results = []

    def _draw_lots(self, units: Iterable[Unit]) -> Iterator[ScoreReport]:
        """Strategies that need nothing of the model: no image is read."""
        for unit in units:
            ids = tuple(i for i in self.job.pool.unit_ids(unit) if i in self.job.candidates)
            scores = self.job.strategy(PoolBatch(ids, self.job.seed, self.job.round_index, None))
            rows = [Scored(i, s) for i, s in zip(ids, scores.tolist(), strict=True)]
            write_part(self.job.out, unit.name, rows)
            yield ScoreReport(len(rows), 0)

    def _chunks(self, units: Iterable[Unit]) -> Iterator[_Chunk]:
        for unit in units:
            rows = [r for r in self.job.pool.read(unit) if r.image_id in self.job.candidates]
            starts = range(0, max(len(rows), 1), self.batch_size)
            for start in starts:
                last = start == starts[-1]
                yield _Chunk(unit, rows[start : start + self.batch_size], last)

    def _decoded(self, chunks: Iterator[_Chunk]) -> Iterator[_Decoded]:
        if self._threads is None:
            yield from map(self._decode, chunks)
            return
        waiting: deque[Future[_Decoded]] = deque(
            self._threads.submit(self._decode, c) for c in itertools.islice(chunks, self._ahead)
        )
        while waiting:
            done = waiting.popleft().result()
            waiting.extend(
                self._threads.submit(self._decode, c) for c in itertools.islice(chunks, 1)
            )
            yield done

    def _decode(self, chunk: _Chunk) -> _Decoded:
        decoded = _Decoded(chunk, [], [], [])
        for row in chunk.rows:
            try:
                image = decode_image(row.data, self.job.size)
            except DataError as error:
                decoded.bad.append(Scored(row.image_id, None, str(error)))
                continue
            decoded.ids.append(row.image_id)
            decoded.images.append(image)
        return decoded

    def _score_images(self, decoded: _Decoded) -> list[Scored]:
        if not decoded.images:
            return []
        assert self.loaded is not None
        images_B3HW = to_tensor(decoded.images).to(self.device, non_blocking=True)
        prediction = predict(self.loaded.model, images_B3HW, self.job.precision)
        with torch.inference_mode():
            scores = self.job.strategy(
                PoolBatch(tuple(decoded.ids), self.job.seed, self.job.round_index, prediction)
            )
        return [
            Scored(i, s) if np.isfinite(s) else Scored(i, None, f"the score is {s}")
            for i, s in zip(decoded.ids, scores.double().tolist(), strict=True)
        ]


def check_needs(job: ScoreJob, loaded: LoadedModel) -> None:
    """The model has what the strategy reads.

    Raises:
        CheckpointError: it has no difficulty branch, and the strategy reads difficulty.
    """
    if "difficulty" in job.strategy.needs and loaded.model.difficulty is None:
        raise CheckpointError(
            f"strategy '{job.strategy.name}' reads difficulty, but the model at {job.model} was "
            "trained without a difficulty branch; train with model.difficulty.branch=late"
        )
