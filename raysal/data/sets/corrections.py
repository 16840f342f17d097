"""Corrected labels: maps of class ids that stand for the masks of some images.

A folder of them is either what `raysal annotate RUN/review --export` writes,

    masks/<image>.png  before/<image>.png  corrections.json  (answers.csv  classes.csv)

or any folder of maps that are named by image ids. An export tells where labels were corrected:
where `masks` differs from `before`. There, the map counts (255: the label was wiped off);
elsewhere, the mask of the data set stays, at its own resolution. Without `before`, the whole map
counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
from pydantic import BaseModel, ConfigDict

from raysal.data.decode import resize_mask
from raysal.data.sets.files import MASK_SUFFIXES, read_mask
from raysal.data.walk import find_images
from raysal.errors import DataError
from raysal.storage.document import Document

SETTING = "data.corrections"
MASKS, BEFORE = "masks", "before"
_AGAIN = "export the corrections again"


class CorrectedImage(BaseModel):
    """An image whose label was corrected.

    Attributes:
        file: of the map, and of the label before, in their folders.
        pixels: number of pixels whose label was changed, at the image's own size; None if all of
            the map counts.
        annotator, reviewer: who corrected it, and who accepted that; empty if not known.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    image_id: str
    file: str
    pixels: int | None = None
    annotator: str = ""
    reviewer: str = ""


class CorrectionList(Document):
    """`corrections.json`: what was corrected, and by whom; in an export, and in a run that uses it.

    Attributes:
        source: where the labels came from, in words.
        class_names: the meaning of the ids.
    """

    file: ClassVar[str] = "corrections.json"
    remedy: ClassVar[str] = _AGAIN

    source: str
    class_names: tuple[str, ...]
    images: tuple[CorrectedImage, ...]


@dataclass(frozen=True)
class Correction:
    """The corrected label of an image.

    Attributes:
        mask: file of class ids, at the image's own size.
        before: the same as it was; None if all of `mask` counts.
    """

    mask: Path
    before: Path | None = None

    @property
    def files(self) -> tuple[Path, ...]:
        """Those that decide what the label is."""
        return (self.mask,) if self.before is None else (self.mask, self.before)

    def ids(self) -> np.ndarray:
        """The map: uint8 (H, W), 255 unknown.

        Raises:
            DataError: it cannot be read.
        """
        return read_mask(str(self.mask), SETTING)

    def changed(self) -> np.ndarray:
        """bool (H, W): where the map counts.

        Raises:
            DataError: a file cannot be read, or the two have different sizes.
        """
        ids = self.ids()
        if self.before is None:
            return np.ones(ids.shape, bool)
        before = read_mask(str(self.before), SETTING)
        if before.shape != ids.shape:
            raise DataError(
                f"{SETTING}: {self.mask} is {_size(ids)}, but {self.before} is {_size(before)} "
                f"(height x width); {_AGAIN}"
            )
        return np.asarray(ids != before)

    def put_on(self, label: np.ndarray) -> np.ndarray:
        """`label` (uint8 (H, W), at any size) with what was corrected.

        Raises:
            DataError: see `changed`.
        """
        size = (label.shape[0], label.shape[1])
        here = resize_mask(self.changed().astype(np.uint8), size) == 1
        return np.where(here, resize_mask(self.ids(), size), label)


def listed(folder: Path) -> CorrectionList | None:
    """What an export tells about itself; None if the folder is none.

    Raises:
        DataError: the list is damaged.
    """
    return CorrectionList.read(folder) if (folder / CorrectionList.file).is_file() else None


def read_corrections(folder: Path, class_names: Sequence[str]) -> dict[str, Correction]:
    """The corrected labels in a folder, by image id.

    Raises:
        DataError: there is no such folder, there are none in it, a file is missing, or the ids are
            those of other classes.
    """
    if not folder.is_dir():
        raise DataError(f"{SETTING}: no folder '{folder}'")
    export = listed(folder)
    if export is not None:
        if export.class_names != tuple(class_names):
            raise DataError(
                f"{SETTING}: '{folder}' has the classes {', '.join(export.class_names)}, the data "
                f"{', '.join(class_names)}"
            )
        found = {
            one.image_id: Correction(
                folder / MASKS / one.file,
                None if one.pixels is None else folder / BEFORE / one.file,
            )
            for one in export.images
        }
        missing = [file for one in found.values() for file in one.files if not file.is_file()]
        if missing:
            raise DataError(f"{SETTING}: no file {missing[0]}; {_AGAIN}")
    elif (folder / BEFORE).is_dir():
        raise DataError(f"{SETTING}: no file {folder / CorrectionList.file}; {_AGAIN}")
    else:
        maps = folder / MASKS if (folder / MASKS).is_dir() else folder
        found = {
            image_id: Correction(path)
            for image_id, path in find_images(maps).images.items()
            if path.suffix in MASK_SUFFIXES
        }
    if not found:
        why = "nothing was corrected" if export is not None else "it holds no map of class ids"
        raise DataError(f"{SETTING}: {why} in '{folder}'; remove the setting, or correct labels")
    return found


def _size(mask: np.ndarray) -> str:
    return f"{mask.shape[0]}x{mask.shape[1]}"
