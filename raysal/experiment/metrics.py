"""`metrics.json`: how good the model of a round is."""

from __future__ import annotations

from typing import ClassVar

from raysal.data.sets.base import Split
from raysal.experiment.layout import METRICS_FILE
from raysal.storage.document import Document
from raysal.training.report import BadImage


class Metrics(Document):
    """Quality of a model on one split; C classes.

    Attributes:
        split: None if there are no labelled images to measure on.
        images: number of images that it was measured on.
        split_contents: hash of all images and masks of the split, see `contents_hash`; None in
            rounds of earlier versions.
        miou: mean of the defined values in `iou`, in [0, 1]; None if there are none.
        pixel_accuracy: share of correct pixels, in [0, 1]; None without known pixels.
        iou: (C,) in [0, 1]; None for a class in neither ground truth nor prediction.
        confusion: (C, C) pixels; rows are the ground truth, columns the prediction.
        bad_images: unreadable images of the split.
    """

    file: ClassVar[str] = METRICS_FILE

    split: Split | None
    images: int
    miou: float | None
    pixel_accuracy: float | None
    iou: tuple[float | None, ...]
    class_names: tuple[str, ...]
    confusion: tuple[tuple[int, ...], ...]
    bad_images: tuple[BadImage, ...] = ()
    split_contents: str | None = None


def not_measured(class_names: tuple[str, ...]) -> Metrics:
    """The metrics of a model of which nothing is known."""
    classes = len(class_names)
    return Metrics(
        split=None,
        images=0,
        miou=None,
        pixel_accuracy=None,
        iou=(None,) * classes,
        class_names=class_names,
        confusion=((0,) * classes,) * classes,
    )
