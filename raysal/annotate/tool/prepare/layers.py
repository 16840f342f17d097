"""The results that are prepared, and the tasks that compute them."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import Literal

import numpy as np

from raysal.annotate.tool.prepare import extended, prediction, uncertainty
from raysal.annotate.tool.prepare.calibration import CalibrationTask, calibration_key
from raysal.annotate.tool.prepare.guide import Guide, model_hash
from raysal.annotate.tool.prepare.superpixel_files import (
    SuperpixelTask,
    grain_file,
    superpixel_key,
)
from raysal.annotate.tool.prepare.task import Task
from raysal.data.pixel_format import RGB, PixelFormat
from raysal.storage.seal import hash_bytes

LayerName = Literal["superpixels", "prediction", "map", "extended"]
FileName = Literal["coarse", "medium", "fine", "prediction", "map", "extended", "groups"]
FILES: dict[FileName, tuple[LayerName, str]] = {
    "coarse": ("superpixels", grain_file("coarse")),
    "medium": ("superpixels", grain_file("medium")),
    "fine": ("superpixels", grain_file("fine")),
    "prediction": ("prediction", prediction.FILE),
    "map": ("map", uncertainty.FILE),
    "extended": ("extended", extended.FILE),
    "groups": ("extended", extended.GROUPS),
}
"""What can be shown: of which result, and in which file of it."""


@dataclass(frozen=True)
class Drawn:
    """What is drawn in an image at a moment.

    Attributes:
        raster: uint8 (H, W) class ids, compressed by zlib.
        hash: of the raster.
    """

    raster: bytes
    hash: str


def drawn(raster: np.ndarray) -> Drawn:
    """What is drawn, from uint8 (H, W) class ids."""
    data = np.ascontiguousarray(raster).tobytes()
    return Drawn(zlib.compress(data, 1), hash_bytes(data))


def layers_of(guide: Guide) -> tuple[LayerName, ...]:
    """What is prepared ahead, in this order; `extended` follows what is drawn."""
    layers: tuple[LayerName, ...] = ("superpixels",)
    if guide.model is not None:
        layers += ("prediction",) if guide.map is None else ("prediction", "map")
    return layers


def task_for(
    layer: LayerName,
    guide: Guide,
    image_id: str,
    picture: str,
    data: bytes,
    size: tuple[int, int],
    now: Drawn | None = None,
    pixels: PixelFormat = RGB,
) -> Task:
    """The task for an encoded picture.

    Args:
        picture: hash of `data`.
        now: for `extended`.
        pixels: its channels, and which of them are shown.

    Raises:
        OSError: the model cannot be read.
    """
    superpixels = superpixel_key(picture, pixels)
    if layer == "superpixels":
        return SuperpixelTask(superpixels, data, size, pixels)
    assert guide.model is not None
    model = model_hash(guide.model)
    if layer == "prediction":
        key = prediction.prediction_key(picture, model, guide.precision, pixels)
        return prediction.PredictionTask(
            key, data, size, superpixels, guide.model, guide.precision, pixels
        )
    if layer == "map":
        assert guide.map is not None
        key = uncertainty.map_key(picture, model, guide.precision, guide.map, image_id)
        return uncertainty.MapTask(
            key, data, size, image_id, guide.model, guide.precision, guide.map
        )
    assert guide.extension is not None
    assert now is not None
    calibration = calibration_key(guide.extension, model)
    key = extended.extended_key(picture, image_id, now.hash, calibration)
    return extended.ExtendTask(
        key, data, size, image_id, guide.extension, guide.model, calibration, now.raster
    )


def calibration_task(guide: Guide) -> CalibrationTask:
    """The task on which `extended` depends, once for all images of a query.

    Raises:
        OSError: the model cannot be read.
    """
    assert guide.model is not None
    assert guide.extension is not None
    key = calibration_key(guide.extension, model_hash(guide.model))
    return CalibrationTask(key, b"", (0, 0), guide.extension, guide.model)
