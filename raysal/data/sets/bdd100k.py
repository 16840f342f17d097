"""The semantic segmentation part of BDD100K."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
from pydantic import PositiveInt

from raysal.data.sets.base import Colour
from raysal.data.sets.city_classes import CITY_CLASSES, CITY_PALETTE
from raysal.data.sets.pairs import Tree
from raysal.data.sets.train_val import TrainVal


class BDD100K(TrainVal):
    """BDD100K's 10K images, 720 x 1280, the 19 classes of Cityscapes: 7000 in train, 1000 in val.

    Expects `root` to contain `images/10k/{train,val}/*.jpg` (or .png) and
    `labels/sem_seg/masks/{train,val}/*.png` (train ids, 255 unknown), as in
    https://doc.bdd100k.com/download.html. An image's id is its stem.

    The labels of the official test split are not public, so the test split here is the official val
    folder, on which CPRAL evaluates. The val split is empty unless `val_images` holds out some of
    the training images.
    """

    CLASS_NAMES: ClassVar[tuple[str, ...]] = CITY_CLASSES
    PALETTE: ClassVar[tuple[Colour, ...]] = CITY_PALETTE
    IMAGES: ClassVar[Tree] = Tree("images/10k", "*", "", (".jpg", ".jpeg", ".png"))
    LABELS: ClassVar[Tree] = Tree("labels/sem_seg/masks", "*", "", (".png",))
    SOURCE: ClassVar[str] = (
        "images/10k/ and labels/sem_seg/masks/ of "
        "https://doc.bdd100k.com/download.html (10K Images, Semantic Segmentation)"
    )

    name: Literal["bdd100k"] = "bdd100k"
    size: tuple[PositiveInt, PositiveInt] = (720, 1280)

    def _train_ids(self, mask: np.ndarray, where: str) -> np.ndarray:
        return self.check_ids(mask, where)
