"""Predictions to be corrected, and a note of them to recognise those that come back untouched."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

import numpy as np
from pydantic import Field

from raysal.annotate.asked import Asked, AskedImage, where_asked
from raysal.data.answers import raster_hash
from raysal.data.decode import IGNORE
from raysal.errors import RunError
from raysal.storage.document import Document

Prelabel = tuple[np.ndarray, float]
"""uint8 (H, W) class ids at the image's own size, 255 outside of what is asked; and the mean
probability of the classes, 0..1."""


def predictor(asked: Asked) -> Callable[[AskedImage, bytes], Prelabel]:
    """What predicts the labels of an encoded image.

    Raises:
        RunError: no model is trained yet.
        CheckpointError: the model cannot be read.
    """
    if asked.model is None:
        raise RunError(
            f"--prelabel: {asked.run} has no trained model yet; the first images are labelled "
            "without one"
        )
    from raysal.inference.device import default_device
    from raysal.inference.own_size import predict_own_size
    from raysal.models.checkpoint import load_model

    loaded = load_model(asked.model, default_device())

    def predict(image: AskedImage, data: bytes) -> Prelabel:
        found = predict_own_size(loaded, data, max_megapixels=float("inf"))
        return np.where(where_asked(image), found.ids, np.uint8(IGNORE)), found.confidence

    return predict


class Prelabels(Document):
    """`prelabels.json` beside the answers.

    Attributes:
        rasters: hashes of the prelabels that were handed out last, by image id.
    """

    file: ClassVar[str] = "prelabels.json"
    remedy: ClassVar[str] = "remove it: it only serves to say which prelabels came back untouched"

    rasters: dict[str, str] = Field(default_factory=dict)


def read_prelabels(answers: Path) -> Prelabels:
    """What was handed out.

    Raises:
        DataError: the file is damaged.
    """
    return Prelabels.read(answers) if (answers / Prelabels.file).exists() else Prelabels()


def note_prelabels(answers: Path, rasters: dict[str, str]) -> None:
    """Remember the hashes of prelabels."""
    if rasters:
        answers.mkdir(parents=True, exist_ok=True)
        Prelabels(rasters={**read_prelabels(answers).rasters, **rasters}).write(answers)


def hash_of(prelabel: np.ndarray) -> str:
    """As of an answer with the same raster."""
    return raster_hash(prelabel)
