"""The pool: images by id in Parquet shards, read a row group at a time.

A pool is a folder (local or on an object store) of `part-*.parquet` and a manifest `pool.json`
that is written last: without it the pool is incomplete. Columns: image_id, image (encoded JPEG
or PNG bytes) or uri (where they lie), height, width, content_hash.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from raysal.data.storage import join, read_uri, resolve
from raysal.errors import PoolError

VERSION = 1
MANIFEST = "pool.json"
SCHEMA = pa.schema(
    [
        pa.field("image_id", pa.string(), nullable=False),
        pa.field("image", pa.binary()),
        pa.field("uri", pa.string()),
        pa.field("height", pa.int32(), nullable=False),
        pa.field("width", pa.int32(), nullable=False),
        pa.field("content_hash", pa.string(), nullable=False),
    ]
)


@dataclass(frozen=True)
class PoolRow:
    """One image of the pool; exactly one of `image` and `uri` is set."""

    image_id: str
    image: bytes | None
    uri: str | None

    @property
    def data(self) -> bytes:
        """The encoded image.

        Raises:
            DataError: `uri` cannot be read.
        """
        if self.image is not None:
            return self.image
        assert self.uri is not None
        return read_uri(self.uri)


@dataclass(frozen=True)
class Unit:
    """A piece of scoring work: one row group of one shard."""

    shard: str
    row_group: int
    rows: int

    @property
    def name(self) -> str:
        """Unique within the pool, usable as a file name."""
        return f"{self.shard.removesuffix('.parquet')}-{self.row_group:05d}"


@dataclass(frozen=True)
class Pool:
    """An open pool: where it is and what its manifest says. Cheap to pickle.

    Attributes:
        images: number of rows.
        shards: (file name, rows of each row group) in order.
        bad: (image id, reason) of what was set aside when the pool was built.
    """

    uri: str
    images: int
    shards: tuple[tuple[str, tuple[int, ...]], ...]
    bad: tuple[tuple[str, str], ...]

    @classmethod
    def open(cls, uri: str) -> Pool:
        """Read the manifest.

        Raises:
            PoolError: no pool there, an incomplete one, an empty one, or another version.
        """
        filesystem, path = resolve(uri)
        try:
            with filesystem.open_input_stream(join(path, MANIFEST)) as stream:
                manifest = json.loads(stream.read())
        except FileNotFoundError:
            raise PoolError(
                f"no complete pool at '{uri}' ({MANIFEST} is missing); "
                "make one with 'raysal pool build'"
            ) from None
        except (OSError, json.JSONDecodeError) as error:
            raise PoolError(f"cannot read the pool at '{uri}': {error}") from error
        if manifest.get("version") != VERSION:
            raise PoolError(
                f"the pool at '{uri}' has format version {manifest.get('version')}, "
                f"this raysal reads {VERSION}; build it again"
            )
        if manifest["images"] == 0:
            raise PoolError(f"the pool at '{uri}' is empty: it holds no readable image")
        return cls(
            # Workers are elsewhere than the driver.
            uri=uri if "://" in uri else str(Path(uri).absolute()),
            images=manifest["images"],
            shards=tuple((s["file"], tuple(s["row_groups"])) for s in manifest["shards"]),
            bad=tuple((b["image_id"], b["reason"]) for b in manifest["bad"]),
        )

    def __getstate__(self) -> dict[str, object]:
        """What travels to a worker: not the list of units, which it can make itself."""
        return {key: value for key, value in vars(self).items() if key != "units"}

    @cached_property
    def units(self) -> tuple[Unit, ...]:
        """All row groups, in order."""
        return tuple(
            Unit(shard, index, rows)
            for shard, row_groups in self.shards
            for index, rows in enumerate(row_groups)
        )

    def read(self, unit: Unit) -> list[PoolRow]:
        """The rows of one unit.

        Raises:
            PoolError: the shard is gone or damaged.
        """
        with self._open_shard(unit.shard) as file:
            return _rows(file, unit.row_group)

    def unit_ids(self, unit: Unit) -> list[str]:
        """The ids of one unit, without reading its images."""
        with self._open_shard(unit.shard) as file:
            return _ids(file, unit.row_group)

    def ids(self) -> Iterator[str]:
        """Every image id, in pool order, one row group in memory at a time."""
        for shard, row_groups in self.shards:
            with self._open_shard(shard) as file:
                for index in range(len(row_groups)):
                    yield from _ids(file, index)

    def units_of(self, image_ids: Collection[str]) -> tuple[Unit, ...]:
        """The units that hold any of these ids, in order; reads ids only."""
        return tuple(
            unit for unit in self.units if any(i in image_ids for i in self.unit_ids(unit))
        )

    def fetch(self, image_ids: Collection[str]) -> Iterator[PoolRow]:
        """The rows with these ids, in pool order.

        Raises:
            PoolError: an id that the pool does not hold.
        """
        missing = set(image_ids)
        for shard, row_groups in self.shards:
            if not missing:
                return
            with self._open_shard(shard) as file:
                for index in range(len(row_groups)):
                    for row in _rows(file, index, missing):
                        missing.discard(row.image_id)
                        yield row
        if missing:
            raise PoolError(
                f"the pool at '{self.uri}' has no image '{min(missing)}'"
                + (f" and {len(missing) - 1} others" if len(missing) > 1 else "")
                + "; what asks for it belongs to another pool or data set"
            )

    def _open_shard(self, shard: str) -> pq.ParquetFile:
        filesystem, path = resolve(self.uri)
        try:
            return pq.ParquetFile(join(path, shard), filesystem=filesystem)
        except (OSError, pa.ArrowInvalid) as error:
            raise PoolError(
                f"cannot read {shard} of the pool at '{self.uri}': {str(error).splitlines()[0]}"
            ) from error


def _rows(
    file: pq.ParquetFile, row_group: int, wanted: Collection[str] | None = None
) -> list[PoolRow]:
    """The rows of a row group, all or the wanted; without reading images where none is wanted."""
    if wanted is not None and not any(i in wanted for i in _ids(file, row_group)):
        return []
    table = file.read_row_group(row_group, columns=["image_id", "image", "uri"])
    columns = (table.column(name).to_pylist() for name in ("image_id", "image", "uri"))
    return [
        PoolRow(image_id, image, uri)
        for image_id, image, uri in zip(*columns, strict=True)
        if wanted is None or image_id in wanted
    ]


def _ids(file: pq.ParquetFile, row_group: int) -> list[str]:
    ids: list[str] = file.read_row_group(row_group, columns=["image_id"]).column(0).to_pylist()
    return ids
