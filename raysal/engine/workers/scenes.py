"""What workers on scenes have in common: a scene is worked on by tiles, one scene at a time."""

from __future__ import annotations

import itertools
from abc import abstractmethod
from collections.abc import Iterable, Iterator
from typing import Any, TypeVar

import numpy as np

from raysal.data.pool.rows import PoolRow
from raysal.data.scene import Scene
from raysal.data.tiles import Tile, TileConfig, Tiling
from raysal.engine.jobs import PoolJob
from raysal.engine.workers.base import PoolWorker
from raysal.errors import DataError

Job = TypeVar("Job", bound=PoolJob)
Result = TypeVar("Result")


class SceneWorker(PoolWorker[Job, Result]):
    """A worker on scenes; to be put before the class of the worker on whole images."""

    @property
    def tile(self) -> TileConfig:
        """As in the job."""
        assert self.job.tile is not None
        return self.job.tile

    @property
    def tiling(self) -> Tiling:
        """The tiles of every scene."""
        return self.tile.of(self.job.size)

    def decode(self, row: PoolRow) -> Scene:
        """The scene, whose tiles are still to be decoded where its format has parts."""
        return Scene(row.source, self.job.size, self.pixels, row.max_megapixels)

    def process(self, ids: list[str], images: list[Any]) -> list[Result]:
        """Scene by scene; one of which a part is damaged has failed."""
        return [self._one(*pair) for pair in zip(ids, images, strict=True)]

    def _one(self, image_id: str, scene: Scene) -> Result:
        try:
            return self.scene(image_id, scene)
        except DataError as error:
            return self.failed(image_id, str(error))

    @abstractmethod
    def scene(self, image_id: str, scene: Scene) -> Result:
        """The result of a scene.

        Raises:
            DataError: a part of its file is damaged.
        """

    def batches(self, scene: Scene) -> Iterator[tuple[list[Tile], list[np.ndarray]]]:
        """The tiles of a scene, a batch at a time."""
        yield from in_batches(scene.tiles(self.tiling), self.batch_size)


def in_batches(
    tiles: Iterable[tuple[Tile, np.ndarray]], size: int
) -> Iterator[tuple[list[Tile], list[np.ndarray]]]:
    """Tiles and their pixels, `size` at a time; the last batch may be smaller."""
    rest = iter(tiles)
    while batch := list(itertools.islice(rest, size)):
        yield [tile for tile, _ in batch], [image for _, image in batch]
