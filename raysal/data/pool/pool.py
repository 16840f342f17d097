"""The pool: images by id in Parquet shards, read a row group at a time.

A pool is a folder, local or on an object store, of shards `part-*.parquet` and a manifest
`pool.json`. The manifest is written last; a pool without it is incomplete. Columns: image_id,
image (the encoded JPEG or PNG) or uri (where that file is), height, width, content_hash.
"""

from __future__ import annotations

import contextlib
import hashlib
import itertools
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from typing import TypeVar

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import fs

from raysal.data.pool.layout import REMEDY, check_shard, footer_hash, read_manifest
from raysal.data.pool.outside import STRICT, Permits
from raysal.data.pool.rows import ContentHash, PoolRow, Unit, hashes_of, ids_of, rows_of
from raysal.errors import PoolError
from raysal.storage.uri import join, resolve, shown

Read = TypeVar("Read")


@dataclass(frozen=True)
class Pool:
    """A pool: its location and what its manifest says. Cheap to pickle.

    Attributes:
        images: number of images.
        shards: (file name, rows of each row group), in order.
        bad: (image id, reason) of the images that were set aside when the pool was built.
        content: hash of all ids and images; None in pools built by versions that did not write it.
        footers: hash of the Parquet footer of each shard, by file name; None likewise.
        permits: what it may make raysal read.
    """

    uri: str
    images: int
    shards: tuple[tuple[str, tuple[int, ...]], ...]
    bad: tuple[tuple[str, str], ...]
    content: str | None = None
    footers: Mapping[str, str] | None = None
    permits: Permits = STRICT

    @classmethod
    def open(cls, uri: str, permits: Permits = STRICT) -> Pool:
        """Read the manifest.

        Args:
            permits: what the pool may make raysal read, as it may come from a stranger.

        Raises:
            PoolError: there is no pool, or it is incomplete, empty or of another version.
        """
        manifest = read_manifest(uri)
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
            permits=permits,
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
        digest = ContentHash()
        for _, hashes in self._over_units(hashes_of):
            for image_id, content_hash in hashes.items():
                digest.add(image_id, content_hash)
        return digest.value()

    def ids(self) -> Iterator[str]:
        """All image ids in pool order; one row group is in memory at a time."""
        for _, ids in self._over_units(ids_of):
            yield from ids

    def units_of(self, image_ids: Collection[str]) -> tuple[Unit, ...]:
        """The units that contain any of these ids, in order; reads ids but no images."""
        found = self._over_units(ids_of)
        return tuple(unit for unit, ids in found if any(i in image_ids for i in ids))

    def fetch(self, image_ids: Collection[str]) -> Iterator[PoolRow]:
        """The rows with these ids, in pool order.

        Raises:
            PoolError: the pool has no image with one of these ids, or a shard cannot be read.
        """
        missing = set(image_ids)
        if not missing:
            return
        for _, rows in self._over_units(partial(self.rows_of, wanted=missing)):
            for row in rows:
                missing.discard(row.image_id)
                yield row
            if not missing:
                return
        raise PoolError(
            f"the pool at '{shown(self.uri)}' has no image '{min(missing)}'"
            + (f" and {len(missing) - 1} others" if len(missing) > 1 else "")
            + "; these ids come from another pool or data set"
        )

    def rows_of(
        self, file: pq.ParquetFile, unit: Unit, wanted: Collection[str] | None = None
    ) -> list[PoolRow]:
        """The rows of a unit of an open shard: all, or those whose id is in `wanted`."""
        hashed = self.footers is not None
        return rows_of(file, unit, wanted, folder=self.uri, hashed=hashed, permits=self.permits)

    def _over_units(
        self, read: Callable[[pq.ParquetFile, Unit], Read]
    ) -> Iterator[tuple[Unit, Read]]:
        """What `read` gives for each unit and its open shard, in order.

        Raises:
            PoolError: a shard is missing or damaged.
        """
        for shard, units in itertools.groupby(self.units, key=lambda unit: unit.shard):
            with self.open_shard(shard) as file, self.reading(shard):
                for unit in units:
                    yield unit, read(file, unit)

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
