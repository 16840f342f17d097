"""Build a pool from a data set or from a folder of images."""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import fs

from raysal.data.decode import image_size
from raysal.data.pool.reader import MANIFEST, SCHEMA, VERSION, ContentHash, Pool
from raysal.data.sets.base import Dataset
from raysal.data.sets.folder import find_images
from raysal.errors import BadImagesError, DataError, PoolError
from raysal.storage.uri import join, resolve, shown, write_whole

ROW_GROUP_IMAGES = 32
SHARD_BYTES = 128 << 20
READ_THREADS = 8

Row = dict[str, object]


@dataclass(frozen=True)
class Source:
    """An image to be put into a pool.

    Attributes:
        read: gives the encoded image; raises DataError or OSError if it is unreadable.
        uri: where the image is, if the pool is to contain this instead of the image itself.
    """

    image_id: str
    read: Callable[[], bytes]
    uri: str | None = None


def dataset_sources(dataset: Dataset) -> list[Source]:
    """The images of the train split of a data set."""
    return [
        Source(item.image_id, lambda item=item: dataset.image_bytes(item))  # type: ignore[misc]
        for item in dataset.items("train")
    ]


def folder_sources(root: str, embed: bool = True) -> list[Source]:
    """All JPEG and PNG files in a local folder and its subfolders.

    Args:
        embed: put the images themselves into the pool, rather than their paths.

    Raises:
        DataError: there is no such folder, or two files have the same id.
    """
    if not Path(root).is_dir():
        raise DataError(f"no folder '{root}' to build a pool from")
    return [
        Source(image_id, path.read_bytes, None if embed else str(path.absolute()))
        for image_id, path in find_images(Path(root)).items()
    ]


def write_pool(
    sources: Iterable[Source],
    uri: str,
    *,
    max_bad_share: float = 1.0,
    shard_bytes: int = SHARD_BYTES,
    row_group_images: int = ROW_GROUP_IMAGES,
    progress: Callable[[int], None] = lambda images: None,
) -> Pool:
    """Write all readable images into a new pool and open it.

    Every image is decoded once; those that fail are listed in the manifest with the reason.

    Args:
        max_bad_share: largest accepted share of unreadable images.
        shard_bytes: a shard is closed once it contains this many bytes of images.
        row_group_images: images per row group.
        progress: called after each image with the number of images so far.

    Raises:
        PoolError: there already is a pool, or no image is readable.
        BadImagesError: there are too many unreadable images.
        OSError: no space, no permission.
    """
    filesystem, path = resolve(uri)
    _make_room(filesystem, path, uri)
    shards = _Shards(filesystem, path, shard_bytes, row_group_images)
    bad: list[tuple[str, str]] = []
    for count, (source, row, reason) in enumerate(_read_all(sources), 1):
        progress(count)
        if row is None:
            bad.append((source.image_id, reason))
        else:
            shards.add(row)
    shards.close()
    _check_share(bad, shards.images + len(bad), max_bad_share)
    if shards.images == 0:
        raise PoolError(f"no readable image for the pool at '{shown(uri)}'")
    manifest = {
        "version": VERSION,
        "images": shards.images,
        "content": shards.content.value(),
        "shards": [{"file": s.file, "row_groups": s.row_groups} for s in shards.written],
        "bad": [{"image_id": image_id, "reason": reason} for image_id, reason in bad],
    }
    write_whole(filesystem, join(path, MANIFEST), (json.dumps(manifest, indent=1) + "\n").encode())
    return Pool.open(uri)


@dataclass
class _Shard:
    """A shard that is being written, or has been.

    Attributes:
        row_groups: number of images in each.
        bytes: size of the images in it.
    """

    file: str
    writer: pq.ParquetWriter
    row_groups: list[int] = field(default_factory=list)
    bytes: int = 0


class _Shards:
    """Writes rows into shards, one row group at a time; the last shard stays open until `close`."""

    def __init__(
        self, filesystem: fs.FileSystem, path: str, shard_bytes: int, row_group_images: int
    ) -> None:
        self.written: list[_Shard] = []
        self.images = 0
        self.content = ContentHash()
        self._filesystem, self._path = filesystem, path
        self._shard_bytes, self._row_group_images = shard_bytes, row_group_images
        self._rows: list[Row] = []

    def add(self, row: Row) -> None:
        """The next image."""
        self._rows.append(row)
        self.content.add(str(row["image_id"]), str(row["content_hash"]))
        self.images += 1
        if len(self._rows) == self._row_group_images:
            self._write_row_group()

    def close(self) -> None:
        """Write what is left."""
        if self._rows:
            self._write_row_group()
        if self.written:
            self.written[-1].writer.close()

    def _write_row_group(self) -> None:
        rows = self._rows
        shard = self._shard()
        shard.writer.write_table(pa.Table.from_pylist(rows, schema=SCHEMA))
        shard.row_groups.append(len(rows))
        shard.bytes += sum(len(row["image"]) for row in rows if isinstance(row["image"], bytes))
        rows.clear()

    def _shard(self) -> _Shard:
        """The last shard, or a new one if that is full."""
        if not self.written or self.written[-1].bytes >= self._shard_bytes:
            if self.written:
                self.written[-1].writer.close()
            name = f"part-{len(self.written):05d}.parquet"
            writer = pq.ParquetWriter(
                join(self._path, name),
                SCHEMA,
                filesystem=self._filesystem,
                # Encoded images cannot be compressed, nor do dictionaries or statistics help.
                compression="none",
                use_dictionary=False,
                write_statistics=["image_id"],
            )
            self.written.append(_Shard(name, writer))
        return self.written[-1]


def _check_share(bad: Sequence[tuple[str, str]], count: int, max_bad_share: float) -> None:
    """Raise BadImagesError if too many of `count` images are unreadable."""
    if count and len(bad) > max_bad_share * count:
        raise BadImagesError(
            f"{len(bad)} of {count} images are unreadable, more than data.max_bad_share = "
            f"{max_bad_share:g} allows; the first: '{bad[0][0]}': {bad[0][1]}"
        )


def _make_room(filesystem: fs.FileSystem, path: str, uri: str) -> None:
    """Refuse to overwrite a complete pool; remove what an interrupted build left."""
    if filesystem.get_file_info(join(path, MANIFEST)).type != fs.FileType.NotFound:
        raise PoolError(
            f"there is already a pool at '{shown(uri)}'; choose another place or remove it"
        )
    for info in filesystem.get_file_info(fs.FileSelector(path, allow_not_found=True)):
        if info.base_name.startswith("part-") and info.base_name.endswith(".parquet"):
            filesystem.delete_file(info.path)
    filesystem.create_dir(path, recursive=True)


def _read_all(
    sources: Iterable[Source],
) -> Iterator[tuple[Source, Row | None, str]]:
    """Read and check images in threads, in order; gives the row of each, or why there is none."""
    with ThreadPoolExecutor(READ_THREADS) as threads:
        pending = iter(sources)
        while batch := list(itertools.islice(pending, READ_THREADS * 4)):
            yield from zip(batch, *zip(*threads.map(_read_one, batch), strict=True), strict=True)


def _read_one(source: Source) -> tuple[Row | None, str]:
    try:
        data = source.read()
        height, width = image_size(data)
    except (DataError, OSError) as error:
        return None, str(error)
    return {
        "image_id": source.image_id,
        "image": data if source.uri is None else None,
        "uri": source.uri,
        "height": height,
        "width": width,
        "content_hash": hashlib.blake2b(data, digest_size=16).hexdigest(),
    }, ""
