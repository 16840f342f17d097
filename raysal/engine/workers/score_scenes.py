"""Scoring of scenes by one worker.

Each tile goes through the network, and the strategy scores the *core* of each, so that every pixel
counts once. A scene's score is the mean over its tiles, weighted by the pixels of their cores, or
the best of them (`data.tile.score`). Its vector is the mean, with these weights. The dropout masks
of a pass are the same in all tiles of a scene, as they are in all parts of a whole image, so that a
score does not depend on where the tiles begin. The adversary sees the whole scene shrunk to its
square, as it sees whole images, and the weighted mean of the tiles' ratings. Noise is added to the
scene's score.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from raysal.acquisition.batch import PoolBatch
from raysal.acquisition.selection.score_parts import Scored
from raysal.data.scene import Scene
from raysal.data.tiles import Tile
from raysal.engine.jobs import ScoreJob
from raysal.engine.workers.scenes import SceneWorker
from raysal.engine.workers.score import NO_NUMBER, Scorer
from raysal.inference.predict import Prediction
from raysal.models.adversary import shrink_images


class SceneScorer(SceneWorker[ScoreJob, Scored], Scorer):
    """One score per scene; see `Scorer` for what it raises."""

    def scene(self, image_id: str, scene: Scene) -> Scored:
        """Predict and score its tiles, a batch at a time."""
        scores, ratings, vector = _Mean(), _Mean(), _Mean()
        for tiles, images in self.batches(scene):
            weights = [tile.core_pixels for tile in tiles]
            prediction, votes_BHW, vectors_BD = self.seen([image_id] * len(tiles), images)
            if vectors_BD is not None:
                vector.add_all(vectors_BD.double().cpu().numpy(), weights)
            if self.adversary is None:
                found = [
                    self._of_core(image_id, tile, prediction, votes_BHW, k)
                    for k, tile in enumerate(tiles)
                ]
                scores.add_all(np.array(found), weights)
            elif prediction is not None and prediction.rating_B is not None:
                ratings.add_all(prediction.rating_B.double().cpu().numpy(), weights)
        if self.adversary is not None:
            score = self._by_adversary(image_id, scene, ratings)
        else:
            score = float(scores.mean()) if self.tile.score == "mean" else scores.most
        scored = self._finished(image_id, score)
        return scored if vector.weight == 0 else replace(scored, vector=vector.mean().tolist())

    def _of_core(
        self,
        image_id: str,
        tile: Tile,
        prediction: Prediction | None,
        votes_BHW: Tensor | None,
        k: int,
    ) -> float:
        rows, cols = tile.in_tile
        batch = PoolBatch(
            (image_id,),
            self.job.seed,
            self.job.round_index,
            None if prediction is None else cropped(prediction, k, rows, cols),
            None if votes_BHW is None else votes_BHW[k : k + 1, rows, cols],
            class_pixels_C=None if self.loaded is None else self.loaded.class_pixels,
        )
        return self._plain(batch)

    def _plain(self, batch: PoolBatch) -> float:
        """The strategy's score without its noise."""
        with torch.inference_mode():
            return float(self.job.strategy.plain(batch)[0])

    def _by_adversary(self, image_id: str, scene: Scene, ratings: _Mean) -> float:
        assert self.adversary is not None
        side = self.adversary.shape.side
        small_1DSS = shrink_images([scene.resized((side, side)).whole()], side).to(self.device)
        rating_1 = None
        if ratings.weight:
            rating_1 = torch.tensor([float(ratings.mean())], device=self.device)
        with torch.inference_mode():
            labelled_1 = self.adversary(small_1DSS, rating_1)
        return self._plain(
            PoolBatch(
                (image_id,),
                self.job.seed,
                self.job.round_index,
                labelled_logits_B=labelled_1,
            )
        )

    def _finished(self, image_id: str, score: float) -> Scored:
        job = self.job
        plain_1 = torch.tensor([score], dtype=torch.float64)
        finished_1 = job.strategy.finish(plain_1, (image_id,), job.seed, job.round_index)
        score = float(finished_1[0])
        if np.isfinite(score):
            return Scored(image_id, score)
        return Scored(image_id, None, f"{NO_NUMBER} ({score})")


def cropped(prediction: Prediction, k: int, rows: slice, cols: slice) -> Prediction:
    """A part of what a network says of image `k` of a batch, as a batch of one."""
    difficulty_BHW, rating_B = prediction.difficulty_BHW, prediction.rating_B
    return Prediction(
        prediction.probabilities_BCHW[k : k + 1, :, rows, cols],
        None if difficulty_BHW is None else difficulty_BHW[k : k + 1, rows, cols],
        None if rating_B is None else rating_B[k : k + 1],
        prediction.labelled_rating,
    )


class _Mean:
    """A weighted mean in float64, summed in the order of the tiles."""

    def __init__(self) -> None:
        self.total: np.ndarray | float = 0.0
        self.weight = 0
        self.most = -np.inf

    def add_all(self, values_N: np.ndarray, weights: list[int]) -> None:
        for value, weight in zip(values_N, weights, strict=True):
            self.total = self.total + value * weight
            self.weight += weight
            if np.ndim(value) == 0:
                # A value that is no number stays visible.
                self.most = float(np.maximum(self.most, value))

    def mean(self) -> np.ndarray:
        return np.asarray(self.total / max(self.weight, 1))
