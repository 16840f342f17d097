"""The built-in data set: street scenes drawn on demand."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field, NonNegativeInt, PositiveInt

from raysal.data.decode import encode_jpeg
from raysal.data.sets.base import Colour, Dataset, Item, Split
from raysal.data.sets.camvid import CamVid

KEPT_BYTES, KEPT_SIZES = 128 << 20, 2
"""Of drawn scenes, for each of the sizes used last: 64 of 512x1024, 2,700 of 96x128."""


class Streets(Dataset):
    """Synthetic street scenes with CamVid's 11 classes, about as unbalanced as CamVid's.

    Nothing is downloaded or written: a scene is drawn when its image or label is read, and the
    last ones are kept in memory. It depends on `scene_seed`, its index and `size` alone, and is
    the same on every machine.
    """

    # Index of the first scene; far apart, so that no clip of successive frames spans two splits.
    FIRST: ClassVar[dict[Split, int]] = {"train": 0, "val": 10_000_000, "test": 20_000_000}

    name: Literal["streets"] = "streets"
    size: tuple[PositiveInt, PositiveInt] = (120, 160)
    scene_seed: NonNegativeInt = 0
    """Another seed gives other scenes."""
    train: PositiveInt = Field(default=200, le=10_000_000)
    """Images in the pool."""
    val: NonNegativeInt = Field(default=30, le=10_000_000)
    """Images for validation."""
    test: PositiveInt = Field(default=60, le=10_000_000)
    """Images for testing."""

    @property
    def class_names(self) -> tuple[str, ...]:
        """CamVid's 11 classes."""
        return CamVid.CLASS_NAMES

    @property
    def palette(self) -> tuple[Colour, ...]:
        """CamVid's published colours."""
        return CamVid.PALETTE

    def check(self) -> None:
        """Do nothing: scenes are drawn, so no file can be missing."""

    def items(self, split: Split) -> Sequence[Item]:
        """The scenes of a split, with ids such as `train-000017`."""
        count = {"train": self.train, "val": self.val, "test": self.test}[split]
        first = self.FIRST[split]
        return [
            Item(f"{split}-{index:06d}", str(first + index), str(first + index))
            for index in range(count)
        ]

    def known_ids(self) -> frozenset[str]:
        """None: people who are asked label the pictures, whose masks are for the simulated
        annotator and to measure on."""
        return frozenset()

    def drawn_from(self, item: Item) -> str:
        """The scene, at any size."""
        return f"{self.name} {self.scene_seed} {item.image}"

    def image_bytes(self, item: Item) -> bytes:
        """The scene as a JPEG of quality 95."""
        return encode_jpeg(_scene(self.scene_seed, int(item.image), self.size)[0])

    def stored_size(self, item: Item) -> tuple[int, int]:
        """The working size, at which scenes are drawn."""
        return self.size

    def decoded_size(self, item: Item) -> tuple[int, int]:
        """The same: there is no file that can be damaged."""
        return self.size

    def raw_label(self, item: Item) -> np.ndarray:
        """The label drawn with the scene, exact up to its void pixels."""
        return _scene(self.scene_seed, int(item.mask), self.size)[1].copy()


def _scene(seed: int, index: int, size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Image and label."""
    return _drawn(size)(seed, index)


@functools.lru_cache(maxsize=KEPT_SIZES)
def _drawn(size: tuple[int, int]) -> Callable[[int, int], tuple[np.ndarray, np.ndarray]]:
    """Scenes of one size. The last ones drawn are kept: labels are read again in each round, and
    those for validation in each epoch."""

    @functools.lru_cache(maxsize=max(1, KEPT_BYTES // (4 * size[0] * size[1])))
    def draw(seed: int, index: int) -> tuple[np.ndarray, np.ndarray]:
        from raysal.data.sets.streets.scene import draw_scene  # Loads Pillow.

        return draw_scene(seed, index, size)

    return draw
