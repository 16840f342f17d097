"""The results that are prepared, and the tasks that compute them."""

from __future__ import annotations

from typing import Literal

from raysal.annotate.tool.prepare.guide import Guide
from raysal.annotate.tool.prepare.superpixel_files import SuperpixelTask, superpixel_key
from raysal.annotate.tool.prepare.task import Task

LayerName = Literal["superpixels", "prediction", "map"]
FileName = Literal["coarse", "medium", "fine", "prediction", "map"]
FILES: dict[FileName, tuple[LayerName, str]] = {
    "coarse": ("superpixels", "coarse.gz"),
    "medium": ("superpixels", "medium.gz"),
    "fine": ("superpixels", "fine.gz"),
}
"""What can be shown: of which result, and in which file of it."""


def layers_of(guide: Guide) -> tuple[LayerName, ...]:
    """What is prepared, in this order."""
    return ("superpixels",)


def task_for(
    layer: LayerName, guide: Guide, image_id: str, picture_hash: str, data: bytes,
    size: tuple[int, int],
) -> Task:  # fmt: skip
    """The task for an encoded picture.

    Raises:
        RaysalError: the model cannot be read.
    """
    if layer == "superpixels":
        return SuperpixelTask(superpixel_key(picture_hash), data, size)
    raise AssertionError(layer)
