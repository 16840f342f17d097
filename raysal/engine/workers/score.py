"""Scoring of pool units by one worker."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from raysal.acquisition.batch import PoolBatch
from raysal.acquisition.needs import DropoutPasses
from raysal.acquisition.selection.score_parts import Scored, read_unit, write_part
from raysal.data.pool.rows import Unit
from raysal.engine.jobs import PartReport, ScoreJob
from raysal.engine.workers.growing import GrowingWorker
from raysal.engine.workers.model_checks import check_needs, load_needed_adversary
from raysal.inference.predict import Prediction, predict, run_up_to, to_tensor
from raysal.inference.votes import vote_map
from raysal.models.adversary import shrink_images
from raysal.models.feature_encoder import FeatureEncoder, load_encoder
from raysal.models.features import PooledFeatures

NO_NUMBER = "the score is not a finite number"
"""Error prefix for images whose score is not finite."""


class Scorer(GrowingWorker[ScoreJob, Scored]):
    """One score per candidate, written by unit.

    Raises:
        CheckpointError: the model lacks what the strategy reads, or there is no adversary.
        ConfigError: the model lacks the stage whose features are to be stored.
    """

    def __init__(
        self, job: ScoreJob, batch_size: int, device: torch.device, decode_threads: int = 0
    ) -> None:
        super().__init__(job, batch_size, device, decode_threads)
        self._features: PooledFeatures | FeatureEncoder | None = None
        self.adversary = load_needed_adversary(job.strategy, job.adversary, device)
        if self.loaded is not None:
            check_needs(job.strategy, self.loaded)
            if job.features is not None and job.encoder is None:
                self._features = PooledFeatures(self.loaded.fast, job.features)
        if job.encoder is not None:
            self._features = load_encoder(job.encoder, device)

    def work(self, units: Iterable[Unit]) -> Iterator[PartReport]:
        """As for any worker; for a strategy that needs no model, and without features, no image
        is read."""
        reads = self.loaded is not None or self._features is not None
        return super().work(units) if reads else self._draw_lots(units)

    def wants(self, image_id: str) -> bool:
        """Candidates."""
        return image_id in self.job.candidates

    def process(self, ids: list[str], images: list[np.ndarray]) -> list[Scored]:
        """Predict and score one batch."""
        job = self.job
        prediction, votes_BHW, vectors_BD = self.seen(ids, images)
        with torch.inference_mode():
            labelled_B = None
            if self.adversary is not None:
                rating_B = None if prediction is None else prediction.rating_B
                small_B3SS = shrink_images(images, self.adversary.shape.side).to(self.device)
                labelled_B = self.adversary(small_B3SS, rating_B)
            batch = PoolBatch(
                tuple(ids),
                job.seed,
                job.round_index,
                prediction,
                votes_BHW,
                labelled_B,
                None if self.loaded is None else self.loaded.class_pixels,
            )
            scores = job.strategy(batch)
        scored = [
            Scored(i, s) if np.isfinite(s) else Scored(i, None, f"{NO_NUMBER} ({s})")
            for i, s in zip(ids, scores.double().tolist(), strict=True)
        ]
        if vectors_BD is not None:
            vectors = vectors_BD.tolist()
            scored = [replace(s, vector=v) for s, v in zip(scored, vectors, strict=True)]
        return scored

    def seen(
        self, ids: list[str], images: list[np.ndarray]
    ) -> tuple[Prediction | None, Tensor | None, Tensor | None]:
        """What the strategy reads of a batch: the prediction, votes (B, H, W) and vectors (B, D);
        None for what is not needed.

        Args:
            ids: from which the dropout masks of votes are drawn.
        """
        job, needs = self.job, self.job.strategy.needs
        images_BDHW = to_tensor(images).to(self.device, non_blocking=True)
        prediction = None
        if needs.prediction:
            assert self.loaded is not None
            prediction = predict(self.loaded.fast, images_BDHW, job.precision)
        # The pass that predicts shows a stage, too.
        if self._features is not None and (job.encoder is not None or not needs.prediction):
            run_up_to(self._features, images_BDHW, job.precision)
        vectors_BD = None if self._features is None else self._features.vectors_BD
        votes_BHW = None if needs.votes is None else self._votes(needs.votes, ids, images_BDHW)
        return prediction, votes_BHW, vectors_BD

    def _votes(self, passes: DropoutPasses, ids: list[str], images_BDHW: Tensor) -> Tensor:
        """(B, H, W) disagreement, image by image: the passes are the batch."""
        assert self.loaded is not None
        job, model = self.job, self.loaded.model
        return torch.stack(
            [
                vote_map(
                    model,
                    image,
                    job.vote_seed(i),
                    passes.count,
                    passes.vote,
                    job.precision,
                    passes.dropped,
                )
                for i, image in zip(ids, images_BDHW, strict=True)
            ]
        )

    def failed(self, image_id: str, reason: str) -> Scored:
        """No score, and why."""
        return Scored(image_id, None, reason)

    def read_there(self, unit: Unit) -> list[Scored]:
        """Scores with their vectors."""
        return read_unit(self.job.out, unit.name)

    def write_rows(self, unit: Unit, rows: list[Scored]) -> None:
        """Write a score part."""
        write_part(self.job.out, unit.name, rows, vectors=self.job.features is not None)

    def _draw_lots(self, units: Iterable[Unit]) -> Iterator[PartReport]:
        for unit in units:
            started = self.start(unit)
            ids = tuple(started.missing)
            scores = self.job.strategy(PoolBatch(ids, self.job.seed, self.job.round_index))
            kept = self.kept(unit)
            self.write(unit, [Scored(i, s) for i, s in zip(ids, scores.tolist(), strict=True)])
            yield PartReport(len(ids), 0, kept)
