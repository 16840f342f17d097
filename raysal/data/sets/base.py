"""The interface of a data set."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

import numpy as np
from pydantic import Field, PositiveInt, model_validator

from raysal.config.marks import NOT_ESSENTIAL, added_later
from raysal.config.settings import Frozen, NamedFile
from raysal.data.channels import describe
from raysal.data.decode import IGNORE, decode_image, header_size, image_size, resize_mask
from raysal.data.opening import MAX_MEGAPIXELS
from raysal.data.pixel_format import RGB, Decode, PixelFormat
from raysal.data.scene import Scene
from raysal.data.sets.corrections import Correction, read_corrections
from raysal.data.tiles import MOST_PIXELS, TileConfig
from raysal.errors import ClassIdError, DataError

Split = Literal["train", "val", "test"]
SPLITS: tuple[Split, ...] = get_args(Split)
Intensity = Annotated[int, Field(ge=0, le=255)]
Colour = tuple[Intensity, Intensity, Intensity]
# Of the working size; a network needs a hundred bytes or more per pixel.
MAX_SIDE = 16_384
MAX_PIXELS = 1 << 26


@dataclass(frozen=True)
class Item:
    """One image.

    Attributes:
        image_id: unique within the split.
        image: path of the image, or another text by which the data set finds it.
        label: the same for its mask; None if it has none.
    """

    image_id: str
    image: str
    label: str | None

    @property
    def mask(self) -> str:
        """`label`.

        Raises:
            DataError: there is none.
        """
        if self.label is None:
            raise DataError(f"image '{self.image_id}' has no mask")
        return self.label


class Dataset(Frozen, ABC):
    """A data set; its settings are its fields.

    The images of the train split are the pool, and their labels are what the simulated annotator
    answers; where people answer, images need no masks. To add a data set, write a subclass in a
    file of its own and add it to `raysal.data.sets.registry`. Fields that are paths need one of the
    path types of `raysal.config.settings`.
    """

    name: str
    size: tuple[PositiveInt, PositiveInt]
    """(height, width) in pixels that images and labels are resized to."""
    max_bad_share: Annotated[float, NOT_ESSENTIAL] = Field(default=0.01, ge=0, le=1)
    """Unreadable images are reported and set aside; the run stops if they are a larger share than
    this."""

    max_megapixels: Annotated[float, NOT_ESSENTIAL] = Field(
        default=MAX_MEGAPIXELS, gt=0, le=100_000
    )
    """Larger images are refused, because a small file can hold one that fills the memory."""

    tile: Annotated[TileConfig | None, added_later(None)] = None
    """Large images, which are trained on, scored and predicted in tiles; null: whole."""

    decode: Annotated[Decode, added_later("exact")] = "exact"
    """How JPEG pictures become small; see `PixelFormat.decode`. Models keep it."""

    corrections: Annotated[NamedFile | None, added_later(None)] = None
    """Folder of corrected labels of some images of the train split, such as `raysal annotate
    RUN/review --export` writes; null: the masks as they are. See `raysal.data.sets.corrections`."""

    @model_validator(mode="after")
    def _only_whole_images_are_scaled(self) -> Dataset:
        if self.decode == "scaled" and self.tile is not None:
            raise ValueError("decode: scaled is for whole images; leave it out, or tile")
        return self

    @model_validator(mode="after")
    def _size_is_bounded(self) -> Dataset:
        if self.tile is not None:
            self.tile.check_inside(self.size)
            if self.size[0] * self.size[1] > MOST_PIXELS:
                raise ValueError(f"data.size: an image in tiles has at most {MOST_PIXELS} pixels")
        height, width = self.input_size
        if max(height, width) > MAX_SIDE or height * width > MAX_PIXELS:
            what = "size" if self.tile is None else "tile.size"
            raise ValueError(
                f"data.{what}: a side has at most {MAX_SIDE} pixels, and an image at most "
                f"{MAX_PIXELS}; a network reads larger ones in tiles (data.tile)"
            )
        return self

    @property
    def input_size(self) -> tuple[int, int]:
        """(height, width) of what a network sees: of a tile, or of the whole image."""
        return self.size if self.tile is None else self.tile.size

    @property
    @abstractmethod
    def class_names(self) -> tuple[str, ...]:
        """Names of classes 0..C-1."""

    @property
    @abstractmethod
    def palette(self) -> tuple[Colour, ...]:
        """One RGB colour per class, for figures."""

    @property
    def pixels(self) -> PixelFormat:
        """Which channels its images have, and how they are decoded; pictures, unless a data set
        overrides this."""
        return RGB if self.decode == "exact" else PixelFormat(decode=self.decode)

    @abstractmethod
    def check(self) -> None:
        """Check that all files exist, before any long work starts.

        Raises:
            DataError: a folder, a list, an image or a mask is missing; says how to get it.
        """

    @abstractmethod
    def items(self, split: Split) -> Sequence[Item]:
        """The images of a split, ordered by id; empty if the data set has no such split."""

    def check_labelled(self, items: Sequence[Item]) -> None:
        """Check that all of some images have masks.

        Raises:
            DataError: one has none; the message names it.
        """
        if without := [item for item in items if item.label is None]:
            raise DataError(f"{self.name}: image '{without[0].image_id}' has no mask")

    def known_ids(self) -> frozenset[str]:
        """The images of the train split that need no labels of people, because their masks count as
        labels; data sets whose masks nobody has drawn override this."""
        return frozenset(item.image_id for item in self.items("train") if item.label is not None)

    def remarks(self) -> Sequence[str]:
        """Lines for the user about what was found, such as files that were passed over."""
        return ()

    @abstractmethod
    def image_bytes(self, item: Item) -> bytes:
        """The encoded image file.

        Raises:
            DataError: it cannot be read.
        """

    @abstractmethod
    def raw_label(self, item: Item) -> np.ndarray:
        """The mask at its original size: uint8 (H, W), ids 0..C-1, or 255 where unknown.

        Raises:
            DataError: there is none, it cannot be read, or it contains another id.
        """

    def drawn_from(self, item: Item) -> str | None:
        """What image and mask are drawn from, where they are; None if `item` names two files.

        The contents of files are hashed. Of drawn images, this text stands for the content.
        """
        return None

    def list_of(self, split: Split) -> str | None:
        """The file that lists a split, for messages; None if nothing does."""
        return None

    def image(self, item: Item, pixels: PixelFormat | None = None) -> np.ndarray:
        """At the working size: uint8 (H, W, 3) RGB, or float32 (H, W, D); see `decode_image`.

        Args:
            pixels: which channels to read, if others than those of the data set.

        Raises:
            DataError: it is truncated or damaged; the message names the image.
        """
        wanted = self.pixels if pixels is None else pixels
        try:
            return decode_image(self.image_bytes(item), self.size, self.max_megapixels, wanted)
        except DataError as error:
            raise DataError(f"{self.name}: image '{item.image_id}': {error}") from error

    def image_source(self, item: Item) -> bytes | Path:
        """The encoded image file, or where it is, so that a part of it can be read.

        Raises:
            DataError: it cannot be read.
        """
        return self.image_bytes(item)

    def scene(self, item: Item, pixels: PixelFormat | None = None) -> Scene:
        """As `image`, of which windows are read.

        Raises:
            DataError: it is truncated or damaged; the message names the image.
        """
        wanted = self.pixels if pixels is None else pixels
        try:
            return Scene(self.image_source(item), self.size, wanted, self.max_megapixels)
        except DataError as error:
            raise DataError(f"{self.name}: image '{item.image_id}': {error}") from error

    def stored_size(self, item: Item) -> tuple[int, int] | None:
        """(height, width) by the header of the image file; None if it cannot be read."""
        try:
            if self.tile is not None:
                found = describe(self.image_source(item))
                return found.height, found.width
            return header_size(self.image_bytes(item), self.max_megapixels)
        except DataError:
            return None

    def decoded_size(self, item: Item) -> tuple[int, int]:
        """(height, width) after decoding the image.

        Raises:
            ChannelsError: it has other channels than `pixels` says.
            DataError: it is truncated or damaged.
        """
        if self.tile is not None:
            scene = Scene(self.image_source(item), None, self.pixels, self.max_megapixels)
            scene.check()
            return scene.own_size
        return image_size(self.image_bytes(item), self.max_megapixels, self.pixels)

    def stored_ids(self, item: Item) -> np.ndarray:
        """The ids as the mask file has them, from which a wrong coding can be recognised.

        Data sets that translate ids override this and `class_ids`; for others, it is `raw_label`.
        """
        return self.raw_label(item)

    def class_ids(self, stored: np.ndarray, where: str) -> np.ndarray:
        """`stored_ids`, translated to what `raw_label` returns.

        Args:
            where: the file, for messages.

        Raises:
            DataError: an id is not allowed.
        """
        return stored

    def doubt(self, stored: np.ndarray) -> str | None:
        """Why the ids in the masks are not what this data set should have; None if they may be.

        Args:
            stored: number of pixels (256,) of each id, as the files of all masks have them.
        """
        return None

    def label(self, item: Item) -> np.ndarray:
        """uint8 (H, W) class ids at the working size, 255 unknown, with `corrections`."""
        return resize_mask(self.corrected_label(item), self.size)

    def uncorrected(self, item: Item) -> np.ndarray:
        """As `label`, without `corrections`."""
        return resize_mask(self.raw_label(item), self.size)

    def corrected_label(self, item: Item) -> np.ndarray:
        """As `raw_label`, with `corrections`.

        Raises:
            DataError: as `raw_label`; a correction cannot be read.
        """
        correction, label = self.correction(item), self.raw_label(item)
        return label if correction is None else correction.put_on(label)

    def correction(self, item: Item) -> Correction | None:
        """The corrected label of an image of the train split; None if it has none.

        Raises:
            DataError: `corrections` cannot be read.
        """
        return self._corrected.get(item) if self.corrections is not None else None

    @cached_property
    def corrected_by_id(self) -> dict[str, Correction]:
        """All in `corrections`, whether there are such images or not.

        Raises:
            DataError: they cannot be read.
        """
        if self.corrections is None:
            return {}
        return read_corrections(Path(self.corrections), self.class_names)

    @cached_property
    def _corrected(self) -> dict[Item, Correction]:
        """By item, because ids are unique only within a split."""
        items = (item for item in self.items("train") if item.image_id in self.corrected_by_id)
        return {item: self.corrected_by_id[item.image_id] for item in items}

    def __getstate__(self) -> dict[Any, Any]:
        """The state sent to workers, without what a worker reads itself."""
        state = super().__getstate__()
        made = ("_corrected", "corrected_by_id")
        kept = {key: value for key, value in state["__dict__"].items() if key not in made}
        return {**state, "__dict__": kept}

    def check_ids(self, mask: np.ndarray, where: str) -> np.ndarray:
        """Return `mask` if it contains only class ids and 255.

        Args:
            where: the file, for messages.

        Raises:
            ClassIdError: it contains another id.
        """
        classes = len(self.class_names)
        wrong = mask[(mask >= classes) & (mask != IGNORE)]
        if wrong.size:
            raise ClassIdError(
                f"{where}: class id {int(wrong.flat[0])} is outside 0..{classes - 1} (255 = ignore)"
            )
        return mask
