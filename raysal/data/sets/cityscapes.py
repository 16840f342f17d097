"""Cityscapes with its fine annotations."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
from pydantic import PositiveInt

from raysal.data.decode import IGNORE
from raysal.data.sets.base import Colour
from raysal.data.sets.city_classes import CITY_CLASSES, CITY_PALETTE
from raysal.data.sets.pairs import Tree
from raysal.data.sets.train_val import TrainVal
from raysal.errors import DataError

RAW_IDS = 34
EVALUATED = (7, 8, 11, 12, 13, 17, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 31, 32, 33)
"""Raw id of each class."""
TRAIN_ID = np.full(256, IGNORE, np.uint8)
TRAIN_ID[list(EVALUATED)] = np.arange(len(EVALUATED))


class Cityscapes(TrainVal):
    """Cityscapes, 1024 x 2048, 19 classes: 2975 images in train, 500 in val.

    Expects `root` to contain `leftImg8bit/{train,val}/<city>/*_leftImg8bit.png` (or .jpg) and
    `gtFine/{train,val}/<city>/*_gtFine_labelIds.png`, as in
    https://www.cityscapes-dataset.com. 19 of the 34 raw ids are evaluated; the others are unknown.
    An image's id is its stem without `_leftImg8bit`, e.g. `aachen_000000_000019`.

    The labels of the official test split are not public, so the test split here is the official val
    folder. The val split consists of `val_images` training images: 300 as in DEAL (section 4.1:
    2675 train, 300 val, 500 test), or 0 as in CPRAL, which evaluates on the official val only.
    """

    CLASS_NAMES: ClassVar[tuple[str, ...]] = CITY_CLASSES
    PALETTE: ClassVar[tuple[Colour, ...]] = CITY_PALETTE
    IMAGES: ClassVar[Tree] = Tree(
        "leftImg8bit", "*/*_leftImg8bit.*", "_leftImg8bit", (".png", ".jpg", ".jpeg")
    )
    LABELS: ClassVar[Tree] = Tree(
        "gtFine", "*/*_gtFine_labelIds.png", "_gtFine_labelIds", (".png",)
    )
    SOURCE: ClassVar[str] = (
        "leftImg8bit/ and gtFine/ of https://www.cityscapes-dataset.com "
        "(leftImg8bit_trainvaltest.zip, gtFine_trainvaltest.zip)"
    )

    name: Literal["cityscapes"] = "cityscapes"
    size: tuple[PositiveInt, PositiveInt] = (512, 1024)

    def doubt(self, stored: np.ndarray) -> str | None:
        """Raw ids go beyond 18 in every city: vegetation is 21, the sky 23, a car 26."""
        present = np.flatnonzero(stored[:IGNORE])
        if len(present) and present.max() < len(EVALUATED):
            return (
                f"no id above {present.max()} occurs: these are train ids (labelTrainIds), where "
                "raw ids (labelIds) are due; make data.root hold the published gtFine, or read "
                "these files with data.name=folder"
            )
        return None

    def _train_ids(self, mask: np.ndarray, where: str) -> np.ndarray:
        # Raw id -1 is stored as 255 in an 8-bit file.
        wrong = mask[(mask >= RAW_IDS) & (mask != IGNORE)]
        if wrong.size:
            raise DataError(
                f"{where}: raw id {int(wrong.flat[0])} is outside 0..{RAW_IDS - 1} (255 = ignore)"
            )
        return TRAIN_ID[mask]
