"""Label extension by a single worker. Its parts form a label store of extended pixels only."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from raysal.data.decode import IGNORE
from raysal.data.labels import (
    ANNOTATOR,
    EXTENDED,
    NONE,
    REFUSED,
    LabelledImage,
    read_about,
    read_merged,
    write_labels,
)
from raysal.data.pool.parts import part_name
from raysal.data.pool.rows import Unit
from raysal.engine.jobs import ExtendJob
from raysal.engine.workers.base import PoolWorker
from raysal.engine.workers.cell_features import image_features
from raysal.regions.extend import extend

_REFUSED_PIXELS = "raysal.refused_pixels"


@dataclass(frozen=True)
class Extended:
    """The extended labels of an image.

    Attributes:
        refused_C: int64 (C,) pixels that would have been extended with each class, but annotators
            have refused it.
    """

    labelled: LabelledImage
    refused_C: np.ndarray


class ExtendWorker(PoolWorker[ExtendJob, Extended]):
    """Contextual label extension, image by image (CPRAL, section 3.3)."""

    def wants(self, image_id: str) -> bool:
        """Whether it is one of the job's partially labelled images."""
        return image_id in self.job.images

    def process(self, ids: list[str], images: list[np.ndarray]) -> list[Extended]:
        """Extend the annotators' labels of each image."""
        labels = read_merged(self.job.label_folders, ids)
        return [self.extend(labels[i], image) for i, image in zip(ids, images, strict=True)]

    def extend(
        self,
        known: LabelledImage,
        image: np.ndarray,
        wanted: tuple[slice, slice] = (slice(None), slice(None)),
    ) -> Extended:
        """Extend the labels of an image, or of a part of one.

        Args:
            wanted: rows and columns in which refused pixels are counted.
        """
        job = self.job
        features = image_features(
            image, job.extend, self.loaded, job.precision, self.device, self.pixels
        )
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
        refused = new & (known.source == REFUSED)
        new &= ~refused
        labelled = LabelledImage(
            known.image_id,
            np.where(new, result.label, IGNORE).astype(np.uint8),
            np.where(new, EXTENDED, NONE).astype(np.uint8),
        )
        refused, label = refused[wanted], result.label[wanted]
        return Extended(labelled, np.bincount(label[refused], minlength=job.classes))

    def failed(self, image_id: str, reason: str) -> Extended:
        """No extended pixels; training reports that the image is unreadable."""
        nothing = np.full(self.job.size, IGNORE, np.uint8)
        labelled = LabelledImage(image_id, nothing, np.full(self.job.size, NONE, np.uint8))
        return Extended(labelled, np.zeros(self.job.classes, np.int64))

    def write(self, unit: Unit, results: list[Extended]) -> None:
        """Write a file of the label store, which says how much was refused."""
        refused_C = sum((each.refused_C for each in results), np.zeros(self.job.classes, np.int64))
        about = {_REFUSED_PIXELS: json.dumps(refused_C.tolist())} if refused_C.any() else None
        labels = (each.labelled for each in results)
        write_labels(Path(self.job.out), labels, part_name(unit.name), about)


def refused_pixels(store: Path, classes: int) -> tuple[int, ...]:
    """(C,) pixels of each class that are not in a store of extended labels, because annotators
    have refused them.

    Raises:
        DataError: the store is damaged, or there is none.
    """
    total_C = np.zeros(classes, np.int64)
    for said in read_about(store):
        if _REFUSED_PIXELS in said:
            total_C += np.array(json.loads(said[_REFUSED_PIXELS]))
    return tuple(total_C.tolist())
