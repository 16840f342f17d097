"""Scoring of pool units by one worker."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import torch

from raysal.acquisition.base import PoolBatch
from raysal.acquisition.selection.score_parts import Scored, read_unit, write_part
from raysal.data.pool.reader import PoolRow, Unit
from raysal.engine.jobs import PartReport, ScoreJob
from raysal.engine.workers.base import PoolWorker
from raysal.engine.workers.model_checks import check_needs, load_needed_adversary
from raysal.inference.predict import predict, to_tensor
from raysal.inference.votes import vote_map
from raysal.models.adversary import shrink_images
from raysal.models.features import PooledFeatures

NO_NUMBER = "the score is not a finite number"
"""How the reason begins why such an image has no score."""


@dataclass(frozen=True)
class Started:
    """A unit that is being scored.

    Attributes:
        hashes: content hashes by id, in pool order.
        kept: scores of earlier on that still hold.
        missing: ids that are to be scored.
        rewrite: whether the part on disk differs from what it is to be.
    """

    hashes: dict[str, str]
    kept: list[Scored]
    missing: list[str]
    rewrite: bool


class Scorer(PoolWorker[ScoreJob, Scored]):
    """One score per candidate, written by unit.

    Raises:
        CheckpointError: the model lacks what the strategy reads, or there is no adversary.
        ConfigError: it lacks the stage whose features are asked for.
    """

    def __init__(
        self, job: ScoreJob, batch_size: int, device: torch.device, decode_threads: int = 0
    ) -> None:
        super().__init__(job, batch_size, device, decode_threads)
        self._started: dict[str, Started] = {}
        self._features: PooledFeatures | None = None
        self._adversary = load_needed_adversary(job.strategy, job.adversary, device)
        if self.loaded is not None:
            check_needs(job.strategy, self.loaded)
            if job.features is not None:
                self._features = PooledFeatures(self.loaded.model, job.features)

    def work(self, units: Iterable[Unit]) -> Iterator[PartReport]:
        """As for any worker; a strategy that needs nothing of the model spares the reading."""
        return self._draw_lots(units) if self.loaded is None else super().work(units)

    def wants(self, image_id: str) -> bool:
        """Candidates."""
        return image_id in self.job.candidates

    def rows(self, unit: Unit) -> list[PoolRow]:
        """The candidates that have no score yet."""
        if self.job.recheck:
            started = self._start(unit)
            rows = self.reader.read(unit, started.missing) if started.missing else []
        else:
            rows = super().rows(unit)
            hashes = {row.image_id: row.content_hash for row in rows}
            started = Started(hashes, [], list(hashes), rewrite=True)
        self._started[unit.name] = started
        return rows

    def process(self, ids: list[str], images: list[np.ndarray]) -> list[Scored]:
        """Predict and score one batch."""
        assert self.loaded is not None
        job, model = self.job, self.loaded.model
        images_B3HW = to_tensor(images).to(self.device, non_blocking=True)
        prediction = None
        if job.strategy.needs - {"votes", "adversary"} or self._features is not None:
            prediction = predict(model, images_B3HW, job.precision)
        votes_BHW = None if (wanted := job.strategy.passes) is None else torch.stack([
            vote_map(model, image, job.vote_seed(i), wanted.count, wanted.vote, job.precision)
            for i, image in zip(ids, images_B3HW, strict=True)
        ])  # fmt: skip
        with torch.inference_mode():
            labelled_B = None
            if self._adversary is not None:
                rating_B = None if prediction is None else prediction.rating_B
                small_B3SS = shrink_images(images, self._adversary.shape.side).to(self.device)
                labelled_B = self._adversary(small_B3SS, rating_B)
            scores = job.strategy(PoolBatch(
                tuple(ids), job.seed, job.round_index, prediction, votes_BHW, labelled_B
            ))  # fmt: skip
        scored = [
            Scored(i, s) if np.isfinite(s) else Scored(i, None, f"{NO_NUMBER} ({s})")
            for i, s in zip(ids, scores.double().tolist(), strict=True)
        ]
        if self._features is not None:
            vectors = self._features.vectors_BD.tolist()
            scored = [replace(s, vector=v) for s, v in zip(scored, vectors, strict=True)]
        return scored

    def failed(self, image_id: str, reason: str) -> Scored:
        """No score, and why."""
        return Scored(image_id, None, reason)

    def kept(self, unit: Unit) -> int:
        """Candidates whose scores of earlier on still hold."""
        return sum(self.wants(scored.image_id) for scored in self._started[unit.name].kept)

    def write(self, unit: Unit, results: list[Scored]) -> None:
        """A score part, in pool order; scores that still hold stay in it."""
        started = self._started.pop(unit.name)
        if results or started.rewrite:
            by_id = {scored.image_id: scored for scored in (*started.kept, *results)}
            rows = [
                replace(by_id[i], content_hash=content_hash)
                for i, content_hash in started.hashes.items()
                if i in by_id
            ]
            write_part(self.job.out, unit.name, rows, vectors=self.job.features is not None)

    def _start(self, unit: Unit) -> Started:
        """What a unit's part holds and lacks. A score holds as long as the image is the same."""
        hashes = self.reader.hashes(unit)
        there = read_unit(self.job.out, unit.name) if self.job.recheck else []
        kept = [s for s in there if s.content_hash and hashes.get(s.image_id) == s.content_hash]
        done = {scored.image_id for scored in kept}
        ids = list(hashes)[: unit.rows]
        missing = [i for i in ids if self.wants(i) and i not in done]
        return Started(hashes, kept, missing, rewrite=not there or len(kept) < len(there))

    def _draw_lots(self, units: Iterable[Unit]) -> Iterator[PartReport]:
        for unit in units:
            started = self._started[unit.name] = self._start(unit)
            ids = tuple(started.missing)
            scores = self.job.strategy(PoolBatch(ids, self.job.seed, self.job.round_index, None))
            kept = self.kept(unit)
            self.write(unit, [Scored(i, s) for i, s in zip(ids, scores.tolist(), strict=True)])
            yield PartReport(len(ids), 0, kept)
