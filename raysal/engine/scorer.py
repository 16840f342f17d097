"""Scoring of pool units by one worker."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import torch

from raysal.acquisition.base import PoolBatch, Strategy
from raysal.acquisition.score_parts import Scored, write_part
from raysal.data.pool import Unit
from raysal.engine.base import PartReport, ScoreJob
from raysal.engine.pool_worker import PoolWorker
from raysal.errors import CheckpointError
from raysal.models.checkpoint import LoadedModel
from raysal.training.evaluate import to_tensor
from raysal.training.steps import predict


class Scorer(PoolWorker[ScoreJob, Scored]):
    """One score per candidate, written by unit.

    Raises:
        CheckpointError: the model lacks what the strategy reads.
    """

    def __init__(
        self, job: ScoreJob, batch_size: int, device: torch.device, decode_threads: int = 0
    ) -> None:
        super().__init__(job, batch_size, device, decode_threads)
        if self.loaded is not None:
            check_needs(job.strategy, self.loaded)

    def work(self, units: Iterable[Unit]) -> Iterator[PartReport]:
        """As for any worker; a strategy that needs nothing of the model spares the reading."""
        return self._draw_lots(units) if self.loaded is None else super().work(units)

    def wants(self, image_id: str) -> bool:
        """Candidates."""
        return image_id in self.job.candidates

    def process(self, ids: list[str], images: list[np.ndarray]) -> list[Scored]:
        """Predict and score one batch."""
        assert self.loaded is not None
        images_B3HW = to_tensor(images).to(self.device, non_blocking=True)
        prediction = predict(self.loaded.model, images_B3HW, self.job.precision)
        with torch.inference_mode():
            scores = self.job.strategy(
                PoolBatch(tuple(ids), self.job.seed, self.job.round_index, prediction)
            )
        return [
            Scored(i, s) if np.isfinite(s) else Scored(i, None, f"the score is {s}")
            for i, s in zip(ids, scores.double().tolist(), strict=True)
        ]

    def failed(self, image_id: str, reason: str) -> Scored:
        """No score, and why."""
        return Scored(image_id, None, reason)

    def write(self, unit: Unit, results: list[Scored]) -> None:
        """A score part."""
        write_part(self.job.out, unit.name, results)

    def _draw_lots(self, units: Iterable[Unit]) -> Iterator[PartReport]:
        for unit in units:
            ids = tuple(i for i in self.reader.ids(unit) if self.wants(i))
            scores = self.job.strategy(PoolBatch(ids, self.job.seed, self.job.round_index, None))
            rows = [Scored(i, s) for i, s in zip(ids, scores.tolist(), strict=True)]
            write_part(self.job.out, unit.name, rows)
            yield PartReport(len(rows), 0)


def check_needs(strategy: Strategy, loaded: LoadedModel) -> None:
    """The model has what the strategy reads.

    Raises:
        CheckpointError: it has no such branch; the message says how to train one.
    """
    for need, branch, remedy in (
        ("difficulty", loaded.model.difficulty, "model.difficulty.branch=late"),
        ("rating", loaded.model.rating, "model.rating_stages=six"),
    ):
        if need in strategy.needs and branch is None:
            raise CheckpointError(
                f"strategy '{strategy.name}' reads {need}, but the model was trained without "
                f"a {need} branch; train with {remedy}"
            )
