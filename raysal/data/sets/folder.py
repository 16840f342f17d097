"""Your own data: a folder of images and a folder of masks."""

from __future__ import annotations

import colorsys
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field, PositiveInt, ValidationInfo, field_validator, model_validator

from raysal.config.marks import NOT_ESSENTIAL, added_later
from raysal.config.seed import uniform
from raysal.config.settings import LocalPath, NamedFile
from raysal.data.decode import IGNORE
from raysal.data.lists import first_unknown, match, read_lines
from raysal.data.sets.base import Colour, Dataset, Item, Split
from raysal.data.sets.colour_masks import ids_of_colours
from raysal.data.sets.files import find_mask, read_file, read_mask
from raysal.data.walk import FoundImages, find_images
from raysal.errors import DataError


class Folder(Dataset):
    """Images and masks in two folders, with the same relative path and stem.

    Masks are PNGs (or TIFF, BMP or GIF files) with one channel that contains class ids. Splits are
    given by text files with one id (relative path without suffix) per line; see
    `raysal.data.lists` for what else a line may be. Without such lists, a hash of each id decides
    which split it belongs to.
    """

    name: Literal["folder"] = "folder"
    images: LocalPath
    """Folder of images (JPEG, PNG, TIFF, WebP and others), including its subfolders."""
    masks: LocalPath
    """Folder of masks."""
    classes: tuple[str, ...] = Field(min_length=2, max_length=255)
    """Names of classes 0..C-1."""
    size: tuple[PositiveInt, PositiveInt]
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
    """Without `lists`: shares of the images in the val and test splits."""

    @field_validator("classes")
    @classmethod
    def _classes_differ(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        if not all(name.strip() for name in names):
            raise ValueError("a class name is empty")
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
        return tuple(
            (round(r * 255), round(g * 255), round(b * 255))
            for r, g, b in (
                colorsys.hsv_to_rgb(i / len(self.classes), 0.75, 0.9 - 0.3 * (i % 2))
                for i in range(len(self.classes))
            )
        )

    def check(self) -> None:
        """Check that both folders exist, and that there are training images and all masks."""
        for key, folder in (("images", self.images), ("masks", self.masks)):
            if not Path(folder).is_dir():
                raise DataError(f"data.{key}: no folder '{folder}'")
        if not self.items("train"):
            remark = self._found.remark
            raise DataError(
                f"data.images: no image for training in '{self.images}'"
                + (f" ({remark})" if remark else "")
            )
        for split in ("val", "test"):
            self.items(split)

    def items(self, split: Split) -> Sequence[Item]:
        """Images that the split's list names; without lists, those that a hash assigns to it."""
        found = self._found.images
        if self.lists is None:
            ids = [image_id for image_id in found if self._split_of(image_id) == split]
        elif split not in self.lists:
            return []
        else:
            ids = self._listed(Path(self.lists[split]))
        masks = {
            image_id: find_mask(Path(self.masks), image_id + self.mask_ending)
            for image_id in sorted(ids)
        }
        self._check_complete([image_id for image_id, mask in masks.items() if mask is None])
        return [Item(i, str(found[i]), str(masks[i])) for i in sorted(ids)]

    def remarks(self) -> Sequence[str]:
        """What was passed over in the folder of images."""
        return [] if self._found.remark is None else [self._found.remark]

    def list_of(self, split: Split) -> str | None:
        """As configured."""
        return None if self.lists is None else self.lists.get(split)

    def image_bytes(self, item: Item) -> bytes:
        """The file on disk."""
        return read_file(item.image)

    def raw_label(self, item: Item) -> np.ndarray:
        """Ids as stored, with 255 for `ignore_id`; with `mask_colours`, those of the colours."""
        return self.class_ids(self.stored_ids(item), item.label)

    def stored_ids(self, item: Item) -> np.ndarray:
        """As in the file; with `mask_colours`, those of the colours."""
        mask = read_mask(item.label, self.name, self.mask_colours)
        if self.mask_colours:
            return ids_of_colours(mask, self.palette, self.unknown_colours, item.label)
        return mask

    def class_ids(self, stored: np.ndarray, where: str) -> np.ndarray:
        """With 255 for `ignore_id`."""
        if self.mask_colours:
            return stored
        return self.check_ids(np.where(stored == self.ignore_id, np.uint8(IGNORE), stored), where)

    def __getstate__(self) -> dict[Any, Any]:
        """The state sent to workers, without the list of files, which a worker can make itself."""
        state = super().__getstate__()
        kept = {key: value for key, value in state["__dict__"].items() if key != "_found"}
        return {**state, "__dict__": kept}

    @cached_property
    def _found(self) -> FoundImages:
        return find_images(Path(self.images))

    def _listed(self, listing: Path) -> list[str]:
        if not listing.is_file():
            raise DataError(f"data.lists: no file '{listing}'")
        known = self._found.images
        ids, unknown = match(read_lines(listing), known, Path(self.images).name)
        if unknown:
            raise DataError(f"data.lists: {first_unknown(unknown, known)} (in {self.images})")
        return ids

    def _check_complete(self, without_mask: Sequence[str]) -> None:
        if without_mask:
            first = without_mask[0]
            more = f", nor have {len(without_mask) - 1} others" if without_mask[1:] else ""
            raise DataError(
                f"folder: image {self._found.images[first]} has no mask "
                f"{Path(self.masks) / f'{first}{self.mask_ending}.png'}{more}"
            )

    def _split_of(self, image_id: str) -> Split:
        place = uniform("split", image_id)
        val, test = self.shares
        return "val" if place < val else "test" if place < val + test else "train"
