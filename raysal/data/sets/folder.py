"""Your own data: a folder of images, and a folder of masks if there are any."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field, PositiveInt, ValidationInfo, field_validator, model_validator

from raysal.config.marks import NOT_ESSENTIAL, added_later
from raysal.config.seed import uniform
from raysal.config.settings import LocalPath, NamedFile
from raysal.data.channels import check_channels, describe
from raysal.data.decode import IGNORE
from raysal.data.hues import hues
from raysal.data.lists import first_unknown, match, read_lines
from raysal.data.opening import SUFFIXES_OF
from raysal.data.pixel_format import (
    Channel,
    Channels,
    PixelFormat,
    Range,
    check_decode,
    check_parts,
)
from raysal.data.sets.base import Colour, Dataset, Item, Split
from raysal.data.sets.colour_masks import ids_of_colours
from raysal.data.sets.files import find_mask, read_file, read_mask
from raysal.data.walk import FoundImages, find_images
from raysal.errors import ChannelsError, DataError

TIFF_SUFFIXES = SUFFIXES_OF["TIFF"]


class Folder(Dataset):
    """Images and their masks in two folders, with the same relative path and stem.

    Masks are PNGs (or TIFF, BMP or GIF files) with one channel that contains class ids. Splits are
    given by text files with one id (relative path without suffix) per line; see
    `raysal.data.lists` for what else a line may be. Without such lists, a hash of each id decides
    which split an image with a mask belongs to; images without a mask are in the train split.
    """

    name: Literal["folder"] = "folder"
    images: LocalPath
    """Folder of images (JPEG, PNG, TIFF, WebP and others), including its subfolders."""
    masks: LocalPath | None = None
    """Folder of masks, of all or some of the images; null if there are none (`oracle: people`)."""
    classes: tuple[str, ...] = Field(min_length=2, max_length=255)
    """Names of classes 0..C-1."""
    size: tuple[PositiveInt, PositiveInt]
    channels: Annotated[Channels, added_later(3)] = 3
    """Channels of the images. 3: pictures of all kinds, read as RGB with 8 bits. Otherwise, or with
    `range`: the channels that the files have, in full depth; see `raysal.data.channels`."""
    mean: Annotated[tuple[float, ...] | None, added_later(None)] = None
    """Mean of each channel after `range`, on a scale of 0..1; null: ImageNet's, or 0.449."""
    std: Annotated[tuple[float, ...] | None, added_later(None)] = None
    """Standard deviation likewise; null: ImageNet's, or 0.226."""
    range: Annotated[float | Range | None, added_later(None)] = None
    """The stored value that becomes 1, or [the one for 0, the one for 1]; null: 255 for images with
    8 bits, 65535 with 16. Beyond it, values are cut off."""
    show: Annotated[tuple[Channel, ...], NOT_ESSENTIAL] = ()
    """One or three channels, counted from 0, that people are shown, stretched; empty: the first
    three, or the first one as grey. No network sees less for it."""
    ignore_id: int = Field(default=IGNORE, ge=0, le=255)
    """Id of unknown pixels in the masks."""
    colours: tuple[Colour, ...] | None = None
    """One RGB colour per class, 0..255; by default evenly spread hues."""
    mask_colours: Annotated[bool, added_later(False)] = False
    """The masks are pictures whose colours stand for classes, as in `colours`."""
    unknown_colours: Annotated[tuple[Colour, ...], added_later([])] = ()
    """With `mask_colours`: the colours of unknown pixels."""
    mask_ending: Annotated[str, NOT_ESSENTIAL] = Field(default="", pattern=r"^[^/\\]*$")
    """What masks have after the name of their image, such as `_L` in a_L.png for a.png."""
    lists: dict[Split, NamedFile] | None = None
    """Lists of the splits, such as {train: train.txt, val: val.txt, test: test.txt}."""
    shares: tuple[float, float] = (0.1, 0.2)
    """Without `lists`: shares of the images with masks in the val and test splits."""

    @field_validator("classes")
    @classmethod
    def _classes_differ(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        if not all(name.strip() for name in names):
            raise ValueError("a class name is empty")
        if control := [n for n in names if any(unicodedata.category(c) in ("Cc", "Cs") for c in n)]:
            raise ValueError(f"the class name {control[0]!r} has control characters")
        if twice := [name for name in names if names.count(name) > 1]:
            raise ValueError(f"the class name '{twice[0]}' is given twice")
        return names

    @field_validator("colours")
    @classmethod
    def _every_class_has_a_colour(
        cls, colours: tuple[Colour, ...] | None, info: ValidationInfo
    ) -> tuple[Colour, ...] | None:
        classes = info.data.get("classes", ())
        if colours is not None and len(colours) < len(classes):
            raise ValueError(f"{len(colours)} colours for {len(classes)} classes; add the others")
        return colours

    @model_validator(mode="after")
    def _colours_of_masks_differ(self) -> Folder:
        if self.mask_colours:
            if self.colours is None:
                raise ValueError("mask_colours needs colours: one for each class, in their order")
            colours = [*self.palette, *self.unknown_colours]
            if twice := [colour for colour in colours if colours.count(colour) > 1]:
                raise ValueError(f"mask_colours: the colour {list(twice[0])} is given twice")
        elif self.unknown_colours:
            raise ValueError("unknown_colours needs mask_colours: true")
        return self

    @model_validator(mode="after")
    def _channels_fit(self) -> Folder:
        check_parts(self.channels, self.mean or (), self.std or (), self._span, self.show)
        check_decode(self.decode, self.channels == 3 and self.range is None)
        return self

    @field_validator("shares")
    @classmethod
    def _shares_leave_some(cls, value: tuple[float, float]) -> tuple[float, float]:
        if min(value) < 0 or sum(value) >= 1:
            raise ValueError("shares of val and test must be 0 or more and add up to less than 1")
        return value

    @property
    def class_names(self) -> tuple[str, ...]:
        """As configured."""
        return self.classes

    @property
    def palette(self) -> tuple[Colour, ...]:
        """As configured, or evenly spread hues."""
        if self.colours is not None:
            return self.colours[: len(self.classes)]
        return hues(len(self.classes))

    @cached_property
    def pixels(self) -> PixelFormat:
        """As configured."""
        return PixelFormat(
            channels=self.channels,
            mean=self.mean or (),
            std=self.std or (),
            range=self._span,
            show=self.show,
            decode=self.decode,
        )

    @property
    def _span(self) -> Range | None:
        return (0.0, self.range) if isinstance(self.range, int | float) else self.range

    def check(self) -> None:
        """Check that both folders exist, that there are training images, that images which are
        listed for validation or testing have masks, and the channels of the first image."""
        for key, folder in (("images", self.images), ("masks", self.masks)):
            if folder is not None and not Path(folder).is_dir():
                raise DataError(f"data.{key}: no folder '{folder}'")
        if not self.items("train"):
            remark = self._found.remark
            raise DataError(
                f"data.images: no image for training in '{self.images}'"
                + (f" ({remark})" if remark else "")
            )
        held_out: tuple[Split, Split] = ("val", "test")
        for split in held_out:
            self.check_labelled(self.items(split))
        self._check_channels(self.items("train")[0])

    def items(self, split: Split) -> Sequence[Item]:
        """Images that the split's list names; without lists, those that a hash assigns to it."""
        found, masks = self._found.images, self._masks
        if self.lists is None:
            ids = [image_id for image_id in found if self._split_of(image_id) == split]
        elif split not in self.lists:
            return []
        else:
            ids = self._listed(Path(self.lists[split]))
        return [
            Item(i, str(found[i]), None if (mask := masks[i]) is None else str(mask))
            for i in sorted(ids)
        ]

    def check_labelled(self, items: Sequence[Item]) -> None:
        """As `Dataset.check_labelled`; says where the mask should be."""
        without = [item for item in items if item.label is None]
        if not without:
            return
        if self.masks is None:
            raise DataError(
                f"folder: image {without[0].image} has no mask, because data.masks is not set; set "
                "it, or have people label the images: oracle: people"
            )
        mask = Path(self.masks) / f"{without[0].image_id}{self.mask_ending}.png"
        more = f", nor have {len(without) - 1} others" if without[1:] else ""
        raise DataError(f"folder: image {without[0].image} has no mask {mask}{more}")

    def remarks(self) -> Sequence[str]:
        """What was passed over in the folder of images, and lists whose encoding was guessed."""
        lists = sorted(set((self.lists or {}).values()))
        return [
            *([] if self._found.remark is None else [self._found.remark]),
            *(
                f"{name} is not UTF-8 and was read as Windows-1252; every line names an image"
                for name in lists
                if any(line.guessed for line in read_lines(Path(name)))
            ),
        ]

    def list_of(self, split: Split) -> str | None:
        """As configured."""
        return None if self.lists is None else self.lists.get(split)

    def image_bytes(self, item: Item) -> bytes:
        """The file on disk."""
        return read_file(item.image)

    def image_source(self, item: Item) -> bytes | Path:
        """Where a TIFF is; of other files, the bytes."""
        path = Path(item.image)
        return path if path.suffix.lower() in TIFF_SUFFIXES else self.image_bytes(item)

    def raw_label(self, item: Item) -> np.ndarray:
        """Ids as stored, with 255 for `ignore_id`; with `mask_colours`, those of the colours."""
        return self.class_ids(self.stored_ids(item), item.mask)

    def stored_ids(self, item: Item) -> np.ndarray:
        """As in the file; with `mask_colours`, those of the colours."""
        mask = read_mask(item.mask, self.name, self.mask_colours)
        if self.mask_colours:
            return ids_of_colours(mask, self.palette, self.unknown_colours, item.mask)
        return mask

    def class_ids(self, stored: np.ndarray, where: str) -> np.ndarray:
        """With 255 for `ignore_id`."""
        if self.mask_colours:
            return stored
        return self.check_ids(np.where(stored == self.ignore_id, np.uint8(IGNORE), stored), where)

    def __getstate__(self) -> dict[Any, Any]:
        """The state sent to workers, without the list of files, which a worker can make itself."""
        state = super().__getstate__()
        made = ("_found", "_masks")
        kept = {key: value for key, value in state["__dict__"].items() if key not in made}
        return {**state, "__dict__": kept}

    @cached_property
    def _found(self) -> FoundImages:
        return find_images(Path(self.images))

    @cached_property
    def _masks(self) -> dict[str, Path | None]:
        """The mask of each image; None if it has none."""
        if self.masks is None:
            return dict.fromkeys(self._found.images)
        folder = Path(self.masks)
        return {i: find_mask(folder, i + self.mask_ending) for i in self._found.images}

    def _check_channels(self, item: Item) -> None:
        """By the header; what is damaged is found and set aside when the pool is built."""
        try:
            found = describe(Path(item.image), 1 if self.pixels.is_rgb else self.channels)
        except (DataError, OSError):
            return
        try:
            check_channels(found.channels, found.alpha, self.pixels)
        except ChannelsError as error:
            raise ChannelsError(f"folder: image {item.image}: {error}") from None

    def _listed(self, listing: Path) -> list[str]:
        if not listing.is_file():
            raise DataError(f"data.lists: no file '{listing}'")
        known = self._found.images
        ids, unknown = match(read_lines(listing), known, Path(self.images).name)
        if unknown:
            raise DataError(f"data.lists: {first_unknown(unknown, known)} (in {self.images})")
        return ids

    def _split_of(self, image_id: str) -> Split:
        if self._masks[image_id] is None:
            return "train"
        place = uniform("split", image_id)
        val, test = self.shares
        return "val" if place < val else "test" if place < val + test else "train"
