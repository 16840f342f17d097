"""The pool: images by id in Parquet shards, read a row group at a time.

A pool is a folder, local or on an object store, of shards `part-*.parquet` and a manifest
`pool.json`. The manifest is written last; a pool without it is incomplete. Columns: image_id,
image (the encoded JPEG or PNG) or uri (where that file is), height, width, content_hash.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import fs
from pydantic import ValidationError

from raysal.data.opening import MAX_MEGAPIXELS
from raysal.data.pool.layout import (
    MANIFEST,
    REMEDY,
    VERSION,
    Manifest,
    Versioned,
    check_shard,
    footer_hash,
)
from raysal.data.pool.outside import allowed_uri
from raysal.errors import DataError, PoolError
from raysal.storage.seal import hash_bytes, is_intact
from raysal.storage.uri import join, read_uri, resolve, shown

MAX_MANIFEST_BYTES = 1 << 30
ROW_COLUMNS = ("image_id", "image", "uri", "content_hash", "height", "width")


@dataclass(frozen=True)
class PoolRow:
    """One image of the pool; exactly one of `image` and `uri` should be set.

    Attributes:
        uri: absolute, or relative to `folder`, which is that of the pool.
        hashed: whether raysal computed `content_hash`, so that it can be compared.
    """

    image_id: str
    image: bytes | None
    uri: str | None
    content_hash: str
    height: int
    width: int
    folder: str = ""
    hashed: bool = False

    @property
    def max_megapixels(self) -> float:
        """The limit for decoding it: the size that was admitted when the pool was built."""
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
        data = read_uri(allowed_uri(self.uri, self.folder))
        if self._has_changed(data):
            raise DataError(
                f"'{shown(self.uri)}' is damaged or not the image that the pool was built from; "
                "restore it, or build the pool again"
            )
        return data

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


@dataclass(frozen=True)
class Pool:
    """A pool: its location and what its manifest says. Cheap to pickle.

    Attributes:
        images: number of images.
        shards: (file name, rows of each row group), in order.
        bad: (image id, reason) of the images that were left out when the pool was built.
        content: hash of all ids and images; None in pools built by versions that did not write it.
        footers: hash of the Parquet footer of each shard, by file name; None likewise.
    """

    uri: str
    images: int
    shards: tuple[tuple[str, tuple[int, ...]], ...]
    bad: tuple[tuple[str, str], ...]
    content: str | None = None
    footers: Mapping[str, str] | None = None

    @classmethod
    def open(cls, uri: str) -> Pool:
        """Read the manifest.

        Raises:
            PoolError: there is no pool, or it is incomplete, empty or of another version.
        """
        filesystem, path = resolve(uri)
        try:
            with filesystem.open_input_stream(join(path, MANIFEST)) as stream:
                text = stream.read(MAX_MANIFEST_BYTES)
            manifest = Manifest.model_validate_json(_checked_version(text, uri))
        except FileNotFoundError:
            raise PoolError(
                f"no complete pool at '{shown(uri)}' ({MANIFEST} is missing); "
                "build one with 'raysal pool build'"
            ) from None
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"]))
            reason = f"{where}: {first['msg']}" if where else first["msg"]
            raise PoolError(
                f"cannot read the pool at '{shown(uri)}': {MANIFEST} is damaged: {reason}; build "
                "it again"
            ) from None
        except OSError as error:
            raise PoolError(f"cannot read the pool at '{shown(uri)}': {error}") from error
        if not is_intact(json.loads(text)):
            raise PoolError(
                f"cannot read the pool at '{shown(uri)}': {MANIFEST} is damaged: its content has "
                f"changed; {REMEDY}"
            )
        if manifest.images == 0:
            raise PoolError(f"the pool at '{shown(uri)}' contains no image; build it again")
        return cls(
            # Workers run in other folders than the driver.
            uri=uri if "://" in uri else str(Path(uri).absolute()),
            images=manifest.images,
            shards=tuple((shard.file, shard.row_groups) for shard in manifest.shards),
            bad=tuple((bad.image_id, bad.reason) for bad in manifest.bad),
            content=manifest.content,
            footers=manifest.footers,
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
            content = self._read_content()
        layout = repr((content, self.shards)).encode()
        return hashlib.blake2b(layout, digest_size=16).hexdigest()

    def check(self) -> None:
        """Check that the shards are those that the manifest describes.

        Compares their footers, and on a local disk also the ids and content hashes of all images.
        Images themselves are checked when they are read. Pools of earlier versions may lack these
        hashes.

        Raises:
            PoolError: a shard is missing, damaged, or of another pool; the message names it.
        """
        filesystem, path = resolve(self.uri)
        for shard, footer in (self.footers or {}).items():
            if footer_hash(filesystem, join(path, shard)) != footer:
                raise PoolError(
                    f"{shard} of the pool at '{shown(self.uri)}' is missing or damaged; {REMEDY}"
                )
        local = isinstance(filesystem, fs.LocalFileSystem)
        if local and self.content is not None and self._read_content() != self.content:
            raise PoolError(
                f"the pool at '{shown(self.uri)}' is damaged: its ids are not those that it was "
                f"built with; {REMEDY}"
            )

    def _read_content(self) -> str:
        digest, reader = ContentHash(), PoolReader(self)
        for unit in self.units:
            for image_id, content_hash in reader.hashes(unit).items():
                digest.add(image_id, content_hash)
        return digest.value()

    def ids(self) -> Iterator[str]:
        """All image ids in pool order; one row group is in memory at a time."""
        for shard, row_groups in self.shards:
            with self.open_shard(shard) as file, self.reading(shard):
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
            with self.open_shard(shard) as file, self.reading(shard):
                for index, rows in enumerate(row_groups):
                    for row in _rows(file, index, rows, missing, self):
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
        with self.reading(shard):
            file = pq.ParquetFile(
                join(path, shard), filesystem=filesystem, page_checksum_verification=True
            )
        check_shard(
            file, dict(self.shards).get(shard, ()), f"{shard} of the pool at '{shown(self.uri)}'"
        )
        return file

    @contextlib.contextmanager
    def reading(self, shard: str) -> Iterator[None]:
        """Explain what goes wrong in reading a shard.

        Raises:
            PoolError: it is gone or damaged.
        """
        try:
            yield
        except (OSError, pa.ArrowException) as error:
            reason = (str(error).splitlines() or [type(error).__name__])[0]
            raise PoolError(
                f"cannot read {shard} of the pool at '{shown(self.uri)}': {reason}; build the "
                "pool again"
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
        file, pool = self._shard(unit.shard), self._pool
        with pool.reading(unit.shard):
            return _rows(file, unit.row_group, unit.rows, wanted, pool)

    def ids(self, unit: Unit) -> list[str]:
        """The ids of one unit, without reading its images."""
        file = self._shard(unit.shard)
        with self._pool.reading(unit.shard):
            return _ids(file, unit.row_group, unit.rows)

    def hashes(self, unit: Unit) -> dict[str, str]:
        """Content hash by id, in order, for the whole row group of a unit."""
        columns = ["image_id", "content_hash"]
        file = self._shard(unit.shard)
        with self._pool.reading(unit.shard):
            table = file.read_row_group(unit.row_group, columns=columns)
            ids, hashes = (_complete(table, name) for name in columns)
        return dict(zip(ids, hashes, strict=True))

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
    file: pq.ParquetFile, row_group: int, rows: int, wanted: Collection[str] | None, pool: Pool
) -> list[PoolRow]:
    """The first `rows` rows, or those of them in `wanted`; reads no image if there are none."""
    if wanted is not None and not any(i in wanted for i in _ids(file, row_group, rows)):
        return []
    table = file.read_row_group(row_group, columns=list(ROW_COLUMNS)).slice(0, rows)
    _complete(table, "image_id")
    _complete(table, "content_hash")
    columns = (table.column(name).to_pylist() for name in ROW_COLUMNS)
    hashed = pool.footers is not None
    every = (
        PoolRow(image_id, image, uri, content_hash, height, width, pool.uri, hashed)
        for image_id, image, uri, content_hash, height, width in zip(*columns, strict=True)
    )
    return [row for row in every if wanted is None or row.image_id in wanted]


def _ids(file: pq.ParquetFile, row_group: int, rows: int) -> list[str]:
    return _complete(file.read_row_group(row_group, columns=["image_id"]), "image_id")[:rows]


def _complete(table: pa.Table, name: str) -> list[str]:
    """The values of a column of texts.

    Raises:
        pa.ArrowInvalid: one is missing or empty.
    """
    values: list[str] = table.column(name).to_pylist()
    if not all(values):
        raise pa.ArrowInvalid(f"row {values.index(next(v for v in values if not v))} has no {name}")
    return values


def _checked_version(text: bytes, uri: str) -> bytes:
    version = Versioned.model_validate_json(text).version
    if version != VERSION:
        raise PoolError(
            f"the pool at '{shown(uri)}' has format version {version}, "
            f"this raysal reads {VERSION}; build it again"
        )
    return text
