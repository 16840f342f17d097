"""The contract that every data set fulfils."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from pydantic import Field, PositiveInt

from raysal.config.marks import NOT_ESSENTIAL
from raysal.config.settings import Frozen
from raysal.data.decode import IGNORE, decode_image, header_size, resize_mask
from raysal.errors import DataError

Split = Literal["train", "val", "test"]
Colour = tuple[int, int, int]


@dataclass(frozen=True)
class Item:
    """One labelled image: its id within the split and where image and mask are found."""

    image_id: str
    image: str
    label: str


class Dataset(Frozen, ABC):
    """A labelled data set: the validated settings are the data set itself.

    The train split plays the unlabelled pool, its labels the simulated annotator. To add a data
    set, write one such class in a file of its own and name it in `raysal.data.sets.registry`.
    """

    name: str
    size: tuple[PositiveInt, PositiveInt]
    """(height, width) in pixels that images and labels are resized to."""
    max_bad_share: Annotated[float, NOT_ESSENTIAL] = Field(default=0.01, ge=0, le=1)
    """Unreadable images are reported and set aside; a larger share of them stops the run."""

    @property
    @abstractmethod
    def class_names(self) -> tuple[str, ...]:
        """Names of classes 0..C-1."""

    @property
    @abstractmethod
    def palette(self) -> tuple[Colour, ...]:
        """One RGB colour per class, for pictures."""

    @abstractmethod
    def check(self) -> None:
        """Find what is missing before anything long starts.

        Raises:
            DataError: no folder, no list, an image without a mask: named, with the remedy.
        """

    @abstractmethod
    def items(self, split: Split) -> Sequence[Item]:
        """The images of a split, ordered by id; empty if there is no such split."""

    @abstractmethod
    def image_bytes(self, item: Item) -> bytes:
        """The encoded image file.

        Raises:
            DataError: it cannot be read.
        """

    @abstractmethod
    def raw_label(self, item: Item) -> np.ndarray:
        """The mask at its own size: uint8 (H, W), ids 0..C-1 or 255.

        Raises:
            DataError: it cannot be read, or holds another id.
        """

    def image(self, item: Item) -> np.ndarray:
        """uint8 (H, W, 3) RGB at the working size.

        Raises:
            DataError: truncated or damaged; the message names the image.
        """
        try:
            return decode_image(self.image_bytes(item), self.size)
        except DataError as error:
            raise DataError(f"{self.name}: image '{item.image_id}': {error}") from error

    def stored_size(self, item: Item) -> tuple[int, int] | None:
        """(height, width) of the image file from its header; None if it cannot be told."""
        try:
            return header_size(self.image_bytes(item))
        except DataError:
            return None

    def label(self, item: Item) -> np.ndarray:
        """uint8 (H, W) class ids at the working size, 255 unknown."""
        return resize_mask(self.raw_label(item), self.size)

    def check_ids(self, mask: np.ndarray, where: str) -> np.ndarray:
        """`mask` itself, if it holds classes and 255 only.

        Raises:
            DataError: naming the first other id and the file.
        """
        classes = len(self.class_names)
        wrong = mask[(mask >= classes) & (mask != IGNORE)]
        if wrong.size:
            raise DataError(
                f"{where}: class id {int(wrong.flat[0])} is outside 0..{classes - 1} (255 = ignore)"
            )
        return mask
