"""Predictions for pool units by one worker: masks and overlays first, then the unit's part."""

from __future__ import annotations

from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
import torch

from raysal.data.decode import decode_image, resize_mask
from raysal.data.id_path import path_of
from raysal.data.pool.rows import PoolRow, Unit
from raysal.data.scene import Scene, reduced_size
from raysal.data.visible import visible
from raysal.engine.jobs import PredictJob
from raysal.engine.workers.growing import GrowingWorker
from raysal.errors import DataError
from raysal.inference.mask_files import MASK_SUFFIX, OVERLAY_SUFFIX, write_mask, write_overlay
from raysal.inference.own_size import predict_picture
from raysal.inference.prediction_parts import Predicted, read_unit, write_part

SCENE_OVERLAY = 4096
"""Long side of the overlay of a scene, in pixels, at most."""


class Predictor(GrowingWorker[PredictJob, Predicted]):
    """A mask and, if wanted, an overlay per image, and a part per unit.

    One image at a time, whatever the engine's batch size; see `raysal.inference.own_size`.
    """

    def __init__(
        self, job: PredictJob, batch_size: int, device: torch.device, decode_threads: int = 0
    ) -> None:
        super().__init__(job, 1, device, decode_threads)
        assert self.loaded is not None
        self._model = self.loaded
        # Where pictures are decoded ahead of the network, files are written behind it.
        self._writers = ThreadPoolExecutor(decode_threads) if decode_threads else None
        self._writing: deque[Future[None]] = deque()
        self._at_once = decode_threads

    def wants(self, image_id: str) -> bool:
        """All images."""
        return True

    def decode(self, row: PoolRow) -> np.ndarray | Scene:
        """The picture at its own size; or the scene at the model's working size."""
        if self.job.tile is not None:
            return Scene(row.source, self.job.size, self.pixels, row.max_megapixels)
        return decode_image(row.data, None, row.max_megapixels, self.pixels)

    def process(self, ids: list[str], images: list[np.ndarray | Scene]) -> list[Predicted]:
        """Predict, and write the files."""
        return [self._predict(*pair) for pair in zip(ids, images, strict=True)]

    def _predict(self, image_id: str, picture: np.ndarray | Scene) -> Predicted:
        try:
            found = predict_picture(self._model, picture, self.job.precision)
        except DataError as error:
            return self.failed(image_id, str(error))
        if self._writers is None:
            self._write_files(image_id, picture, found.ids)
        else:
            while len(self._writing) >= self._at_once:
                self._writing.popleft().result()
            self._writing.append(
                self._writers.submit(self._write_files, image_id, picture, found.ids)
            )
        height, width = found.ids.shape
        return Predicted(image_id, (height, width), found.shares, found.confidence)

    def _write_files(self, image_id: str, picture: np.ndarray | Scene, ids: np.ndarray) -> None:
        write_mask(self.job.masks / path_of(image_id, MASK_SUFFIX), ids)
        if self.job.overlays is not None:
            place = self.job.overlays / path_of(image_id, OVERLAY_SUFFIX)
            if isinstance(picture, Scene):
                size = reduced_size(picture.own_size, SCENE_OVERLAY)
                picture, ids = picture.resized(size).whole(), resize_mask(ids, size)
            shown = visible(picture, self.pixels.show)
            write_overlay(place, shown, ids, self._model.palette)

    def failed(self, image_id: str, reason: str) -> Predicted:
        """No mask, and why."""
        return Predicted(image_id, error=reason)

    def read_there(self, unit: Unit) -> list[Predicted]:
        """What an earlier part holds."""
        return read_unit(self.job.out, unit.name, self._model.class_names)

    def write_rows(self, unit: Unit, rows: list[Predicted]) -> None:
        """Write the part, after the files of its images."""
        while self._writing:
            self._writing.popleft().result()
        write_part(self.job.out, unit.name, rows, self._model.class_names)
