"""The results that are prepared, and the tasks that compute them."""

from __future__ import annotations

from typing import Literal

from raysal.annotate.tool.prepare import prediction, uncertainty
from raysal.annotate.tool.prepare.guide import Guide, model_hash
from raysal.annotate.tool.prepare.superpixel_files import (
    SuperpixelTask,
    grain_file,
    superpixel_key,
)
from raysal.annotate.tool.prepare.task import Task

LayerName = Literal["superpixels", "prediction", "map"]
FileName = Literal["coarse", "medium", "fine", "prediction", "map"]
FILES: dict[FileName, tuple[LayerName, str]] = {
    "coarse": ("superpixels", grain_file("coarse")),
    "medium": ("superpixels", grain_file("medium")),
    "fine": ("superpixels", grain_file("fine")),
    "prediction": ("prediction", prediction.FILE),
    "map": ("map", uncertainty.FILE),
}
"""What can be shown: of which result, and in which file of it."""


def layers_of(guide: Guide) -> tuple[LayerName, ...]:
    """What is prepared, in this order."""
    layers: tuple[LayerName, ...] = ("superpixels",)
    if guide.model is not None:
        layers += ("prediction",) if guide.map is None else ("prediction", "map")
    return layers


def task_for(
    layer: LayerName, guide: Guide, image_id: str, picture: str, data: bytes, size: tuple[int, int]
) -> Task:
    """The task for an encoded picture.

    Args:
        picture: hash of `data`.

    Raises:
        RaysalError: the model cannot be read.
        OSError: the same.
    """
    superpixels = superpixel_key(picture)
    if layer == "superpixels":
        return SuperpixelTask(superpixels, data, size)
    assert guide.model is not None
    model = model_hash(guide.model)
    if layer == "prediction":
        key = prediction.prediction_key(picture, model, guide.precision)
        return prediction.PredictionTask(key, data, size, superpixels, guide.model, guide.precision)
    assert guide.map is not None
    key = uncertainty.map_key(picture, model, guide.precision, guide.map, image_id)
    return uncertainty.MapTask(key, data, size, image_id, guide.model, guide.precision, guide.map)
