"""Reading a pool unit by unit."""

from __future__ import annotations

from collections.abc import Collection

import pyarrow.parquet as pq

from raysal.data.pool.pool import Pool
from raysal.data.pool.rows import PoolRow, Unit, hashes_of, ids_of


class PoolReader:
    """Reads units; the shard that was read last stays open for the next unit.

    Parsing the footer of a shard of small images takes longer than reading one unit of it.
    Every method raises PoolError if the shard is missing or damaged.
    """

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._open: tuple[str, pq.ParquetFile] | None = None

    def read(self, unit: Unit, wanted: Collection[str] | None = None) -> list[PoolRow]:
        """The rows of one unit: all, or those whose id is in `wanted`."""
        file = self._shard(unit.shard)
        with self._pool.reading(unit.shard):
            return self._pool.rows_of(file, unit, wanted)

    def ids(self, unit: Unit) -> list[str]:
        """The ids of one unit, without reading its images."""
        file = self._shard(unit.shard)
        with self._pool.reading(unit.shard):
            return ids_of(file, unit)

    def hashes(self, unit: Unit) -> dict[str, str]:
        """Content hash by id, in order, for the whole row group of a unit."""
        file = self._shard(unit.shard)
        with self._pool.reading(unit.shard):
            return hashes_of(file, unit)

    def sizes(self, unit: Unit) -> dict[str, tuple[int, int]]:
        """(height, width) of each image of a unit as it is shown, by id, in order."""
        file = self._shard(unit.shard)
        with self._pool.reading(unit.shard):
            table = file.read_row_group(unit.row_group, columns=["image_id", "height", "width"])
            columns = (table.column(name).to_pylist()[: unit.rows] for name in table.column_names)
            return {
                image_id: (height, width) for image_id, height, width in zip(*columns, strict=True)
            }

    def _shard(self, shard: str) -> pq.ParquetFile:
        if self._open is None or self._open[0] != shard:
            self._open = (shard, self._pool.open_shard(shard))
        return self._open[1]
