"""The pool: images by id in Parquet shards, read a row group at a time.

A pool is a folder, local or on an object store, of shards `part-*.parquet` and a manifest
`pool.json`. The manifest is written last; a pool without it is incomplete. Columns: image_id,
image (the encoded JPEG or PNG) or uri (where that file is), height, width, content_hash.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from raysal.errors import PoolError
from raysal.storage.uri import join, read_uri, resolve, shown

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
ROW_COLUMNS = ("image_id", "image", "uri", "content_hash")


@dataclass(frozen=True)
class PoolRow:
    """One image of the pool; exactly one of `image` and `uri` is set."""

    image_id: str
    image: bytes | None
    uri: str | None
    content_hash: str

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
    """One row group of one shard, or its first `rows` rows: what one worker reads at a time."""

    shard: str
    row_group: int
    rows: int

    @property
    def name(self) -> str:
        """Unique within the pool; can be part of a file name."""
        return f"{self.shard.removesuffix('.parquet')}-{self.row_group:05d}"


@dataclass(frozen=True)
class Pool:
    """A pool: its location and what its manifest says. Cheap to pickle.

    Attributes:
        images: number of images.
        shards: (file name, rows of each row group), in order.
        bad: (image id, reason) of the images that were left out when the pool was built.
        content: hash of all ids and images; None in pools built by versions that did not write it.
    """

    uri: str
    images: int
    shards: tuple[tuple[str, tuple[int, ...]], ...]
    bad: tuple[tuple[str, str], ...]
    content: str | None = None

    @classmethod
    def open(cls, uri: str) -> Pool:
        """Read the manifest.

        Raises:
            PoolError: there is no pool, or it is incomplete, empty or of another version.
        """
        filesystem, path = resolve(uri)
        try:
            with filesystem.open_input_stream(join(path, MANIFEST)) as stream:
                manifest = json.loads(stream.read())
        except FileNotFoundError:
            raise PoolError(
                f"no complete pool at '{shown(uri)}' ({MANIFEST} is missing); "
                "build one with 'raysal pool build'"
            ) from None
        except (OSError, json.JSONDecodeError) as error:
            raise PoolError(f"cannot read the pool at '{shown(uri)}': {error}") from error
        if manifest.get("version") != VERSION:
            raise PoolError(
                f"the pool at '{shown(uri)}' has format version {manifest.get('version')}, "
                f"this raysal reads {VERSION}; build it again"
            )
        if manifest["images"] == 0:
            raise PoolError(f"the pool at '{shown(uri)}' contains no image; build it again")
        return cls(
            # Workers run in other folders than the driver.
            uri=uri if "://" in uri else str(Path(uri).absolute()),
            images=manifest["images"],
            shards=tuple((s["file"], tuple(s["row_groups"])) for s in manifest["shards"]),
            bad=tuple((b["image_id"], b["reason"]) for b in manifest["bad"]),
            content=manifest.get("content"),
        )

    def __getstate__(self) -> dict[str, object]:
        """Leave out the list of units, which a worker can make itself."""
        return {key: value for key, value in vars(self).items() if key != "units"}

    @cached_property
    def units(self) -> tuple[Unit, ...]:
        """All row groups, in order."""
        return tuple(
            Unit(shard, index, rows)
            for shard, row_groups in self.shards
            for index, rows in enumerate(row_groups)
        )

    def first(self, images: int) -> Pool:
        """The first `images` images in pool order, as a pool; all if there are fewer."""
        left, shards = images, []
        for shard, row_groups in self.shards:
            kept = []
            for rows in row_groups:
                kept.append(min(rows, left))
                left -= kept[-1]
            if any(kept):
                shards.append((shard, tuple(rows for rows in kept if rows)))
        return replace(self, images=min(images, self.images), shards=tuple(shards))

    @cached_property
    def fingerprint(self) -> str:
        """A hash of all ids, all images and how they are divided into units.

        Reads all ids and content hashes if `content` is None.
        """
        content = self.content
        if content is None:
            digest = ContentHash()
            reader = PoolReader(self)
            for unit in self.units:
                for image_id, content_hash in reader.hashes(unit).items():
                    digest.add(image_id, content_hash)
            content = digest.value()
        layout = repr((content, self.shards)).encode()
        return hashlib.blake2b(layout, digest_size=16).hexdigest()

    def ids(self) -> Iterator[str]:
        """All image ids in pool order; one row group is in memory at a time."""
        for shard, row_groups in self.shards:
            with self.open_shard(shard) as file:
                for index, rows in enumerate(row_groups):
                    yield from _ids(file, index, rows)

    def units_of(self, image_ids: Collection[str]) -> tuple[Unit, ...]:
        """The units that contain any of these ids, in order; reads ids but no images."""
        reader = PoolReader(self)
        return tuple(u for u in self.units if any(i in image_ids for i in reader.ids(u)))

    def fetch(self, image_ids: Collection[str]) -> Iterator[PoolRow]:
        """The rows with these ids, in pool order.

        Raises:
            PoolError: the pool has no image with one of these ids, or a shard cannot be read.
        """
        missing = set(image_ids)
        for shard, row_groups in self.shards:
            if not missing:
                return
            with self.open_shard(shard) as file:
                for index, rows in enumerate(row_groups):
                    for row in _rows(file, index, rows, missing):
                        missing.discard(row.image_id)
                        yield row
        if missing:
            raise PoolError(
                f"the pool at '{shown(self.uri)}' has no image '{min(missing)}'"
                + (f" and {len(missing) - 1} others" if len(missing) > 1 else "")
                + "; these ids come from another pool or data set"
            )

    def open_shard(self, shard: str) -> pq.ParquetFile:
        """Open a shard.

        Raises:
            PoolError: it is missing or damaged.
        """
        filesystem, path = resolve(self.uri)
        try:
            return pq.ParquetFile(join(path, shard), filesystem=filesystem)
        except (OSError, pa.ArrowInvalid) as error:
            reason = str(error).splitlines()[0]
            raise PoolError(
                f"cannot read {shard} of the pool at '{shown(self.uri)}': {reason}"
            ) from error


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
        return _rows(self._shard(unit.shard), unit.row_group, unit.rows, wanted)

    def ids(self, unit: Unit) -> list[str]:
        """The ids of one unit, without reading its images."""
        return _ids(self._shard(unit.shard), unit.row_group, unit.rows)

    def hashes(self, unit: Unit) -> dict[str, str]:
        """Content hash by id, in order, for the whole row group of a unit."""
        columns = ["image_id", "content_hash"]
        table = self._shard(unit.shard).read_row_group(unit.row_group, columns=columns)
        ids, hashes = (table.column(name).to_pylist() for name in columns)
        return dict(zip(ids, hashes, strict=True))

    def _shard(self, shard: str) -> pq.ParquetFile:
        if self._open is None or self._open[0] != shard:
            self._open = (shard, self._pool.open_shard(shard))
        return self._open[1]


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


def _rows(
    file: pq.ParquetFile, row_group: int, rows: int, wanted: Collection[str] | None
) -> list[PoolRow]:
    """The first `rows` rows, or those of them in `wanted`; reads no image if there are none."""
    if wanted is not None and not any(i in wanted for i in _ids(file, row_group, rows)):
        return []
    table = file.read_row_group(row_group, columns=list(ROW_COLUMNS)).slice(0, rows)
    columns = (table.column(name).to_pylist() for name in ROW_COLUMNS)
    return [row for row in map(PoolRow, *columns) if wanted is None or row.image_id in wanted]


def _ids(file: pq.ParquetFile, row_group: int, rows: int) -> list[str]:
    ids: list[str] = file.read_row_group(row_group, columns=["image_id"]).column(0).to_pylist()
    return ids[:rows]
