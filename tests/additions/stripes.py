"""An example of a data set: bright stripes on dark ground, drawn on demand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal

import numpy as np
from pydantic import PositiveInt

from raysal.data.decode import encode_png
from raysal.data.sets.base import Colour, Dataset, Item, Split


class Stripes(Dataset):
    """Two classes: ground, stripe."""

    COUNTS: ClassVar[dict[Split, int]] = {"train": 12, "val": 2, "test": 2}
    name: Literal["stripes"] = "stripes"
    size: tuple[PositiveInt, PositiveInt] = (32, 48)

    @property
    def class_names(self) -> tuple[str, ...]:
        """Ground first."""
        return ("ground", "stripe")

    @property
    def palette(self) -> tuple[Colour, ...]:
        """Grey and yellow."""
        return ((90, 90, 90), (230, 200, 0))

    def check(self) -> None:
        """Nothing can be missing."""

    def items(self, split: Split) -> Sequence[Item]:
        """Numbered."""
        return [Item(f"{split}-{i:02d}", f"{i}", f"{i}") for i in range(self.COUNTS[split])]

    def drawn_from(self, item: Item) -> str:
        """The number of the image."""
        return f"{self.name} {item.image}"

    def image_bytes(self, item: Item) -> bytes:
        """A PNG: the mask with noise."""
        rng = np.random.default_rng(int(item.image))
        bright_HW1 = np.where(self.raw_label(item) == 1, 220, 40)[..., None]
        noise_HW3 = rng.integers(0, 30, (*self.size, 3))
        return encode_png((bright_HW1 + noise_HW3).astype(np.uint8))

    def raw_label(self, item: Item) -> np.ndarray:
        """Vertical stripes whose width is the image's number."""
        columns = np.arange(self.size[1]) // (2 + int(item.label)) % 2
        return np.tile(columns, (self.size[0], 1)).astype(np.uint8)
