"""Label extension by a single worker. Its parts form a label store of extended pixels only."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from raysal.data.decode import IGNORE
from raysal.data.labels import ANNOTATOR, EXTENDED, NONE, LabelledImage, read_merged, write_labels
from raysal.data.pool.parts import part_name
from raysal.data.pool.rows import Unit
from raysal.engine.jobs import ExtendJob
from raysal.engine.workers.base import PoolWorker
from raysal.engine.workers.cell_features import image_features
from raysal.regions.extend import extend


class ExtendWorker(PoolWorker[ExtendJob, LabelledImage]):
    """Contextual label extension, image by image (CPRAL, section 3.3)."""

    def wants(self, image_id: str) -> bool:
        """Whether it is one of the job's partially labelled images."""
        return image_id in self.job.images

    def process(self, ids: list[str], images: list[np.ndarray]) -> list[LabelledImage]:
        """Extend the annotators' labels of each image."""
        labels = read_merged(self.job.label_folders, ids)
        return [self._extend(labels[i], image) for i, image in zip(ids, images, strict=True)]

    def _extend(self, known: LabelledImage, image: np.ndarray) -> LabelledImage:
        job = self.job
        features = image_features(image, job.extend, self.loaded, job.precision, self.device)
        result = extend(
            features,
            known.label,
            known.source == ANNOTATOR,
            job.classes,
            job.thresholds,
            job.extend,
            job.radius,
        )
        new = result.source == EXTENDED
        return LabelledImage(
            known.image_id,
            np.where(new, result.label, IGNORE).astype(np.uint8),
            np.where(new, EXTENDED, NONE).astype(np.uint8),
        )

    def failed(self, image_id: str, reason: str) -> LabelledImage:
        """No extended pixels; training reports that the image is unreadable."""
        nothing = np.full(self.job.size, IGNORE, np.uint8)
        return LabelledImage(image_id, nothing, np.full(self.job.size, NONE, np.uint8))

    def write(self, unit: Unit, results: list[LabelledImage]) -> None:
        """Write a file of the label store."""
        write_labels(Path(self.job.out), results, part_name(unit.name))
