"""The built-in data set: street scenes drawn on demand."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field, NonNegativeInt, PositiveInt

from raysal.data.decode import encode_jpeg
from raysal.data.sets.base import Colour, Dataset, Item, Split
from raysal.data.sets.camvid import CamVid
from raysal.data.sets.streets.scene import draw_scene


class Streets(Dataset):
    """Procedural street scenes, 11 classes in CamVid's order and with its kind of imbalance.

    Nothing is downloaded or stored: scene `index` of `scene_seed` is drawn when it is asked for,
    the same on every machine.
    """

    # Far apart, so that no video-like clip reaches from one split into the next.
    FIRST: ClassVar[dict[Split, int]] = {"train": 0, "val": 10_000_000, "test": 20_000_000}

    name: Literal["streets"] = "streets"
    size: tuple[PositiveInt, PositiveInt] = (120, 160)
    scene_seed: NonNegativeInt = 0
    """Another seed, another town."""
    train: PositiveInt = Field(default=200, le=10_000_000)
    """Images in the pool."""
    val: NonNegativeInt = Field(default=30, le=10_000_000)
    test: PositiveInt = Field(default=60, le=10_000_000)

    @property
    def class_names(self) -> tuple[str, ...]:
        """CamVid's 11 classes."""
        return CamVid.CLASS_NAMES

    @property
    def palette(self) -> tuple[Colour, ...]:
        """CamVid's colours."""
        return CamVid.PALETTE

    def check(self) -> None:
        """Nothing can be missing."""

    def items(self, split: Split) -> Sequence[Item]:
        """Ids such as `train-000017`."""
        count = {"train": self.train, "val": self.val, "test": self.test}[split]
        first = self.FIRST[split]
        return [
            Item(f"{split}-{index:06d}", str(first + index), str(first + index))
            for index in range(count)
        ]

    def drawn_from(self, item: Item) -> str:
        """The scene, at any size."""
        return f"{self.name} {self.scene_seed} {item.image}"

    def image_bytes(self, item: Item) -> bytes:
        """The scene as a JPEG of quality 95, as a camera would give it."""
        return encode_jpeg(_scene(self.scene_seed, int(item.image), self.size)[0])

    def stored_size(self, item: Item) -> tuple[int, int]:
        """Image and label are drawn together."""
        return self.size

    def decoded_size(self, item: Item) -> tuple[int, int]:
        """The same: there is no file that can be damaged."""
        return self.size

    def raw_label(self, item: Item) -> np.ndarray:
        """The scene's exact label."""
        return _scene(self.scene_seed, int(item.label), self.size)[1].copy()


@functools.lru_cache(maxsize=64)
def _scene(seed: int, index: int, size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Validation asks for the same few again and again."""
    return draw_scene(seed, index, size)
