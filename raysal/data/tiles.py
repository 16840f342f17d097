"""How a large image (a scene) is cut into tiles that overlap.

Tiles start every `size - overlap` pixels; the last ones are shifted inside, so that every tile is
full. Each pixel belongs to the *core* of exactly one tile: half of each overlap is cut off, except
at the border of the scene, because a network sees little around the pixels at its input's edge.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from pydantic import NonNegativeInt, PositiveInt, field_validator, model_validator

from raysal.config.settings import Frozen

MOST_PIXELS = 1 << 31
"""Of a scene: a label map has a byte for each."""


class TileConfig(Frozen):
    """Scenes are trained on, scored and predicted in tiles (`data.tile`)."""

    size: tuple[PositiveInt, PositiveInt]
    """(height, width) of a tile in pixels of the working size; or one number for both. It is what
    a network sees."""
    overlap: NonNegativeInt = 64
    """Pixels that neighbouring tiles share."""
    score: Literal["mean", "max"] = "mean"
    """A scene's score: the mean over its tiles, weighted by the pixels of their cores; or that of
    its best tile."""

    @field_validator("size", mode="before")
    @classmethod
    def _one_number_is_a_square(cls, size: Any) -> Any:
        return (size, size) if isinstance(size, int) and not isinstance(size, bool) else size

    @model_validator(mode="after")
    def _tiles_advance(self) -> TileConfig:
        if self.overlap >= min(self.size):
            raise ValueError(
                f"tile.overlap is {self.overlap}, a tile {self.size[0]}x{self.size[1]}; lower "
                "tile.overlap below the tile's side"
            )
        return self

    def check_inside(self, size: tuple[int, int]) -> None:
        """Check that a scene of (height, width) has room for a tile.

        Raises:
            ValueError: it has not.
        """
        if self.size[0] > size[0] or self.size[1] > size[1]:
            raise ValueError(
                f"tile.size is {self.size[0]}x{self.size[1]}, larger than data.size "
                f"{size[0]}x{size[1]} (height x width); lower tile.size, or leave out data.tile"
            )

    def of(self, size: tuple[int, int]) -> Tiling:
        """The tiles of a scene of (height, width)."""
        return Tiling(size, self.size, self.overlap)


class SceneFormat(Frozen):
    """How a model reads scenes.

    Attributes:
        size: (height, width) to which they are resized.
    """

    size: tuple[PositiveInt, PositiveInt]
    tile: TileConfig

    @model_validator(mode="after")
    def _a_tile_fits(self) -> SceneFormat:
        self.tile.check_inside(self.size)
        return self


@dataclass(frozen=True)
class Tile:
    """A tile of a scene, in pixels of the scene.

    Attributes:
        row, col, height, width: where it is.
        core: (top, left, bottom, right) of its core.
    """

    row: int
    col: int
    height: int
    width: int
    core: tuple[int, int, int, int]

    @property
    def core_pixels(self) -> int:
        """Number of pixels of the core."""
        top, left, bottom, right = self.core
        return (bottom - top) * (right - left)

    @property
    def in_scene(self) -> tuple[slice, slice]:
        """Rows and columns of the core in a map of the scene."""
        top, left, bottom, right = self.core
        return slice(top, bottom), slice(left, right)

    @property
    def in_tile(self) -> tuple[slice, slice]:
        """Rows and columns of the core in a map of the tile."""
        top, left, bottom, right = self.core
        return (
            slice(top - self.row, bottom - self.row),
            slice(left - self.col, right - self.col),
        )

    @property
    def whole(self) -> tuple[slice, slice]:
        """Rows and columns of the tile in a map of the scene."""
        return (
            slice(self.row, self.row + self.height),
            slice(self.col, self.col + self.width),
        )


@dataclass(frozen=True)
class Tiling:
    """The tiles of a scene, in row-major order.

    Attributes:
        size, tile: (height, width) of the scene and of a tile.
        overlap: of neighbours, in pixels; the last ones of a row or column overlap by more.
    """

    size: tuple[int, int]
    tile: tuple[int, int]
    overlap: int

    def __len__(self) -> int:
        return len(self._down) * len(self._across)

    def __iter__(self) -> Iterator[Tile]:
        for row in self.rows():
            yield from row

    def rows(self) -> Iterator[tuple[Tile, ...]]:
        """The tiles, a row of them at a time."""
        height, width = self.tile
        for row, top, bottom in self._down:
            yield tuple(
                Tile(row, col, height, width, (top, left, bottom, right))
                for col, left, right in self._across
            )

    @cached_property
    def _down(self) -> list[tuple[int, int, int]]:
        return spans(self.size[0], self.tile[0], self.overlap)

    @cached_property
    def _across(self) -> list[tuple[int, int, int]]:
        return spans(self.size[1], self.tile[1], self.overlap)


def spans(length: int, tile: int, overlap: int) -> list[tuple[int, int, int]]:
    """Tiles along one axis: where each starts, and from where to where its core reaches."""
    assert 0 <= overlap < tile <= length, (length, tile, overlap)
    step = tile - overlap
    count = -(-(length - tile) // step) + 1
    starts = [min(index * step, length - tile) for index in range(count)]
    # The middle of what two neighbours share.
    borders = [(start + before + tile) // 2 for before, start in itertools.pairwise(starts)]
    return list(zip(starts, [0, *borders], [*borders, length], strict=True))
