"""Data sets whose labels are published for the train and val splits, but not for test."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from pydantic import NonNegativeInt

from raysal.config.settings import LocalPath
from raysal.data.sets.base import Colour, Dataset, Item, Split
from raysal.data.sets.files import read_file, read_mask
from raysal.data.sets.held_out import held_out
from raysal.data.sets.pairs import Pairs, Tree, find_pairs, first_few
from raysal.errors import DataError


class TrainVal(Dataset):
    """A data set with two published folders, train and val, from which three splits are made.

    The test split is always the published val folder. The val split consists of `val_images` of the
    published training images, which are then not in the train split; it is empty for 0.
    """

    CLASS_NAMES: ClassVar[tuple[str, ...]]
    PALETTE: ClassVar[tuple[Colour, ...]]
    IMAGES: ClassVar[Tree]
    LABELS: ClassVar[Tree]
    SOURCE: ClassVar[str]
    """What `root` must contain, and where to download it."""

    root: LocalPath
    """Folder that contains the folders of images and labels."""
    val_images: NonNegativeInt = 0
    """Number of training images held out as val split; the same ones for every seed."""
    skip_missing: bool = False
    """Leave out images without a label and labels without an image, which otherwise are errors."""

    @property
    def class_names(self) -> tuple[str, ...]:
        """In the order of the train ids."""
        return self.CLASS_NAMES

    @property
    def palette(self) -> tuple[Colour, ...]:
        """The published colours."""
        return self.PALETTE

    def check(self) -> None:
        """Check that images and labels are complete, and that no required split is empty."""
        if not Path(self.root).is_dir():
            raise DataError(f"data.root: no folder '{self.root}'; it must hold {self.SOURCE}")
        self._published("train", "val")
        if not self._published("train"):
            raise DataError(f"{self._nothing_in('train')}; data.root must hold {self.SOURCE}")
        if not self._published("val") and self.val_images == 0:
            raise DataError(
                f"{self._nothing_in('val')}, so there is nothing to evaluate on; "
                "add them, or hold out training images with data.val_images"
            )
        self.items("train")

    def items(self, split: Split) -> Sequence[Item]:
        """The images of a split: of the val folder for test, of the train folder for train and val.

        Raises:
            DataError: an image or a label is missing and `skip_missing` is off, or `val_images`
                leaves no training image.
        """
        if split == "test":
            return self._published("val")
        if self.val_images == 0:
            return self._published("train") if split == "train" else []
        train = self._published("train")
        if self.val_images >= len(train):
            raise DataError(
                f"data.val_images: {self.val_images} of {len(train)} training images cannot be "
                "held out; at least one must remain for training"
            )
        held = held_out((item.image_id for item in train), self.val_images)
        return [item for item in train if (item.image_id in held) == (split == "val")]

    def image_bytes(self, item: Item) -> bytes:
        """The file on disk."""
        return read_file(item.image)

    def raw_label(self, item: Item) -> np.ndarray:
        """Train ids 0..18; classes that are not evaluated become 255."""
        return self.class_ids(self.stored_ids(item), item.mask)

    def stored_ids(self, item: Item) -> np.ndarray:
        """As published."""
        return read_mask(item.mask, self.name)

    def class_ids(self, stored: np.ndarray, where: str) -> np.ndarray:
        """As `raw_label`."""
        return self._train_ids(stored, where)

    def __getstate__(self) -> dict[Any, Any]:
        """The state sent to workers, without the list of files, which a worker can make itself."""
        state = super().__getstate__()
        kept = {key: value for key, value in state["__dict__"].items() if key != "_found"}
        return {**state, "__dict__": kept}

    @abstractmethod
    def _train_ids(self, mask: np.ndarray, where: str) -> np.ndarray:
        """Convert the ids in the file to train ids and 255; DataError if one is not allowed."""

    @cached_property
    def _found(self) -> dict[str, Pairs]:
        root = Path(self.root)
        return {
            folder: find_pairs(root, folder, self.IMAGES, self.LABELS)
            for folder in ("train", "val")
        }

    def _published(self, *folders: str) -> list[Item]:
        found = [self._found[folder] for folder in folders]
        if not self.skip_missing:
            self._refuse(
                "image", "label", [file for pairs in found for file in pairs.missing_images]
            )
            self._refuse(
                "label", "image", [file for pairs in found for file in pairs.missing_labels]
            )
        return [item for pairs in found for item in pairs.items]

    def _refuse(self, kind: str, other: str, missing: list[str]) -> None:
        if missing:
            raise DataError(
                f"{self.name}: missing {kind} files: {len(missing)} ({first_few(missing)}), though "
                f"their {other}s are there; complete the download, or leave these out with "
                "data.skip_missing=true"
            )

    def _nothing_in(self, folder: str) -> str:
        images, labels = (
            tree.place(Path(self.root), folder) for tree in (self.IMAGES, self.LABELS)
        )
        pairs = self._found[folder]
        skipped = len(pairs.missing_images) + len(pairs.missing_labels)
        left_out = f" (data.skip_missing left out {skipped})" if skipped else ""
        return f"{self.name}: no image in {images} with a label in {labels}{left_out}"
