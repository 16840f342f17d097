"""Scoring of pool units by one worker."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import torch

from raysal.acquisition.base import PoolBatch
from raysal.acquisition.score_parts import Scored, write_part
from raysal.data.pool import Unit
from raysal.engine.base import PartReport, ScoreJob
from raysal.engine.needs import check_needs
from raysal.engine.pool_worker import PoolWorker
from raysal.training.evaluate import to_tensor
from raysal.training.steps import predict
from raysal.training.votes import vote_map


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
        job, model = self.job, self.loaded.model
        images_B3HW = to_tensor(images).to(self.device, non_blocking=True)
        prediction = None
        if job.strategy.needs - {"votes"}:
            prediction = predict(model, images_B3HW, job.precision)
        votes_BHW = None if (wanted := job.strategy.passes) is None else torch.stack([
            vote_map(model, image, job.vote_seed(i), wanted.count, wanted.vote, job.precision)
            for i, image in zip(ids, images_B3HW, strict=True)
        ])  # fmt: skip
        with torch.inference_mode():
            scores = job.strategy(
                PoolBatch(tuple(ids), job.seed, job.round_index, prediction, votes_BHW)
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
            ids = tuple(i for i in self.job.pool.unit_ids(unit) if self.wants(i))
            scores = self.job.strategy(PoolBatch(ids, self.job.seed, self.job.round_index, None))
            rows = [Scored(i, s) for i, s in zip(ids, scores.tolist(), strict=True)]
            write_part(self.job.out, unit.name, rows)
            yield PartReport(len(rows), 0)
