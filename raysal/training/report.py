"""`train.json`, which a finished training leaves beside its weights."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict

from raysal.storage.document import Document

REPORT = "train.json"
REMEDY = "remove the folder that holds it and run again"


class BadImage(BaseModel):
    """An image that could not be used, and why."""

    model_config = ConfigDict(frozen=True)

    image_id: str
    reason: str


def bad_images(problems: Iterable[tuple[str, str]]) -> tuple[BadImage, ...]:
    """From (image id, reason)."""
    return tuple(BadImage(image_id=image_id, reason=reason) for image_id, reason in problems)


class TrainReport(Document):
    """What training a model came to.

    Attributes:
        images: number of labelled images that were used.
        checkpoint_epoch: epoch of the weights in the checkpoint, counted from 0.
        val_miou: best mIoU on the validation split, in [0, 1]; None if it was never measured.
        history: per epoch its number, the mean loss, and the mIoU if it was measured.
        bad_images: unreadable training and validation images.
    """

    file: ClassVar[str] = REPORT
    remedy: ClassVar[str] = REMEDY

    images: int
    epochs: int
    checkpoint_epoch: int
    val_miou: float | None
    history: list[dict[str, Any]]
    bad_images: tuple[BadImage, ...]


class AdversaryReport(Document):
    """What training an adversary came to.

    Attributes:
        labelled: number of labelled images that were used; `unlabelled`: of candidates.
        steps: number of optimisation steps.
        history: per part of the training its last step and the losses.
        bad_images: unreadable images of both kinds.
    """

    file: ClassVar[str] = REPORT
    remedy: ClassVar[str] = REMEDY

    labelled: int
    unlabelled: int
    steps: int
    history: list[dict[str, Any]]
    bad_images: tuple[BadImage, ...]
