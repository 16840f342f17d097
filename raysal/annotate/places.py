"""Where the images of a query are."""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterable

from raysal.data.pool.pool import Pool
from raysal.data.pool.reader import PoolReader
from raysal.data.pool.rows import Unit
from raysal.experiment.query import Ask


class Places:
    """Where some images of a pool are, their sizes, and their content; for several threads.

    Attributes:
        sizes: (height, width) by id, as shown; without ids that are not in the pool.
    """

    def __init__(self, pool: Pool, ids: Collection[str]) -> None:
        self._reader = PoolReader(pool)
        self._reading = threading.Lock()
        self._units: dict[str, Unit] = {}
        self.sizes: dict[str, tuple[int, int]] = {}
        for unit in pool.units:
            for image_id, size in self._reader.sizes(unit).items():
                if image_id in ids:
                    self._units[image_id], self.sizes[image_id] = unit, size

    def read(self, image_id: str) -> bytes:
        """The encoded image.

        Raises:
            DataError, PoolError: it cannot be read; see `PoolRow.data`.
        """
        with self._reading:  # The reader keeps the shard open that was read last.
            (row,) = self._reader.read(self._units[image_id], {image_id})
        return row.data


def scores_by_image(asks: Iterable[Ask]) -> dict[str, tuple[float | None, ...]]:
    """The scores of the rectangles of each image, in the order of `by_image`."""
    scores: dict[str, tuple[float | None, ...]] = {}
    for ask in asks:
        scores[ask.image_id] = (*scores.get(ask.image_id, ()), ask.score)
    return scores
