"""The images of a pool as they stand in a row group of a shard."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from raysal.data.opening import MAX_MEGAPIXELS, SUFFIXES_OF
from raysal.data.pool.layout import REMEDY
from raysal.data.pool.outside import STRICT, Permits, allowed_uri
from raysal.errors import DataError, PoolError
from raysal.storage.seal import hash_bytes, hash_file
from raysal.storage.uri import read_uri, shown

_CHANGED = (
    "is damaged or not the image that the pool was built from; restore it, or build the pool again"
)
ROW_COLUMNS = ("image_id", "image", "uri", "content_hash", "height", "width")


@dataclass(frozen=True)
class PoolRow:
    """One image of the pool; exactly one of `image` and `uri` should be set.

    Attributes:
        uri: absolute, or relative to `folder`, which is that of the pool.
        hashed: whether raysal computed `content_hash`, so that it can be compared.
        permits: what the pool may make raysal read.
    """

    image_id: str
    image: bytes | None
    uri: str | None
    content_hash: str
    height: int
    width: int
    folder: str = ""
    hashed: bool = False
    permits: Permits = STRICT

    @property
    def max_megapixels(self) -> float:
        """The limit for decoding it; see `Permits`."""
        if self.permits.max_megapixels is not None:
            return self.permits.max_megapixels
        return max(MAX_MEGAPIXELS, (self.height or 0) * (self.width or 0) / 1e6)

    @property
    def data(self) -> bytes:
        """The encoded image.

        Raises:
            DataError: `uri` cannot be read or may not be, what is there is not the image that the
                pool was built from, or the pool holds no image or two.
            PoolError: the image in the pool is damaged.
        """
        if (self.image is None) == (self.uri is None):
            both = "both bytes and a URI" if self.uri is not None else "neither bytes nor a URI"
            raise DataError(f"the pool has {both} of the image; build it again")
        if self.image is not None:
            if self._has_changed(self.image):
                raise PoolError(f"image '{self.image_id}' in the pool is damaged; {REMEDY}")
            return self.image
        assert self.uri is not None
        data = read_uri(allowed_uri(self.uri, self.folder, self.permits.outside))
        if self._has_changed(data):
            raise DataError(f"'{shown(self.uri)}' {_CHANGED}")
        return data

    @property
    def source(self) -> bytes | Path:
        """As `data`; but of a TIFF that the pool names on this machine, where it is, so that a part
        of it can be read. Its content is compared all the same, a block in memory at a time.

        Raises:
            DataError, PoolError: as for `data`.
        """
        if self.image is not None or self.uri is None:
            return self.data
        uri = allowed_uri(self.uri, self.folder, self.permits.outside)
        path = Path(uri)
        if "://" in uri or path.suffix.lower() not in SUFFIXES_OF["TIFF"] or not path.is_file():
            return self.data
        try:
            changed = self.hashed and hash_file(path) != self.content_hash
        except OSError as error:
            raise DataError(f"cannot read '{shown(uri)}': {error.strerror}") from error
        if changed:
            raise DataError(f"'{shown(self.uri)}' {_CHANGED}")
        return path

    def _has_changed(self, data: bytes) -> bool:
        return self.hashed and hash_bytes(data) != self.content_hash


@dataclass(frozen=True)
class Unit:
    """One row group of one shard, or its first `rows` rows: what one worker reads at a time."""

    shard: str
    row_group: int
    rows: int

    @property
    def name(self) -> str:
        """Unique within the pool; can be part of a file name."""
        return f"{self.shard.removesuffix('.parquet')}-{self.row_group:05d}"


class ContentHash:
    """Hash of the ids and images of a pool, added in pool order."""

    def __init__(self) -> None:
        self._digest = hashlib.blake2b(digest_size=16)

    def add(self, image_id: str, content_hash: str) -> None:
        """Add the next image."""
        self._digest.update(f"{image_id}\x1f{content_hash}\x1e".encode())

    def value(self) -> str:
        """The hash of everything added so far, as hexadecimal digits."""
        return self._digest.hexdigest()


def rows_of(
    file: pq.ParquetFile,
    unit: Unit,
    wanted: Collection[str] | None,
    *,
    folder: str,
    hashed: bool,
    permits: Permits,
) -> list[PoolRow]:
    """The rows of a unit, or those of them in `wanted`; reads no image if there are none.

    Args:
        file: the shard.
        folder, hashed, permits: see `PoolRow`.

    Raises:
        OSError, pa.ArrowException: the shard is damaged.
    """
    if wanted is not None and not any(i in wanted for i in ids_of(file, unit)):
        return []
    table = file.read_row_group(unit.row_group, columns=list(ROW_COLUMNS)).slice(0, unit.rows)
    _complete(table, "image_id")
    _complete(table, "content_hash")
    columns = (table.column(name).to_pylist() for name in ROW_COLUMNS)
    every = (
        PoolRow(image_id, image, uri, content_hash, height, width, folder, hashed, permits)
        for image_id, image, uri, content_hash, height, width in zip(*columns, strict=True)
    )
    return [row for row in every if wanted is None or row.image_id in wanted]


def ids_of(file: pq.ParquetFile, unit: Unit) -> list[str]:
    """The ids of a unit; raises as `rows_of`."""
    table = file.read_row_group(unit.row_group, columns=["image_id"])
    return _complete(table, "image_id")[: unit.rows]


def hashes_of(file: pq.ParquetFile, unit: Unit) -> dict[str, str]:
    """Content hash by id, in order, for the whole row group of a unit; raises as `rows_of`."""
    columns = ["image_id", "content_hash"]
    table = file.read_row_group(unit.row_group, columns=columns)
    return dict(zip(*(_complete(table, name) for name in columns), strict=True))


def _complete(table: pa.Table, name: str) -> list[str]:
    """The values of a column of texts.

    Raises:
        pa.ArrowInvalid: one is missing or empty.
    """
    values: list[str] = table.column(name).to_pylist()
    if not all(values):
        raise pa.ArrowInvalid(f"row {values.index(next(v for v in values if not v))} has no {name}")
    return values
