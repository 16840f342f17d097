"""Write a pool of images."""

from __future__ import annotations

import functools
import itertools
import json
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import fs

from raysal.data.channels import describe
from raysal.data.decode import examine
from raysal.data.opening import MAX_MEGAPIXELS
from raysal.data.pixel_format import PixelFormat
from raysal.data.pool.layout import MANIFEST, SCHEMA, SHARD, VERSION, footer_hash
from raysal.data.pool.outside import Permits
from raysal.data.pool.pool import Pool
from raysal.data.pool.rows import ContentHash
from raysal.data.pool.sources import Source
from raysal.data.scene import Scene
from raysal.data.tiff import has_more_pages, has_windows
from raysal.errors import BadImagesError, ChannelsError, DataError, PoolError
from raysal.storage.foreign import named, names_in
from raysal.storage.seal import hash_bytes, hash_file, sealed
from raysal.storage.uri import join, resolve, shown, write_whole

# Written before the first shard and removed after the manifest: whoever finds it knows that the
# shards beside it are those of an interrupted build.
BUILDING = "raysal-pool.unfinished"
ROW_GROUP_IMAGES = 32
SHARD_BYTES = 128 << 20
# A row group is in memory while it is written, and again when it is read.
ROW_GROUP_BYTES = 128 << 20
READ_THREADS = 8

Row = dict[str, object]


def write_pool(
    sources: Iterable[Source],
    uri: str,
    *,
    max_bad_share: float = 1.0,
    max_megapixels: float = MAX_MEGAPIXELS,
    pixels: PixelFormat | None = None,
    shard_bytes: int = SHARD_BYTES,
    row_group_images: int = ROW_GROUP_IMAGES,
    at_once: int = READ_THREADS,
    progress: Callable[[int], None] = lambda images: None,
    say: Callable[[str], None] = lambda line: None,
) -> Pool:
    """Write all readable images into a new pool and open it.

    Every image is decoded once; those that fail are listed in the manifest with the reason.

    Args:
        max_bad_share: largest accepted share of unreadable images.
        max_megapixels: larger images count as unreadable.
        pixels: which channels all images must have; None for any.
        shard_bytes: a shard is closed once it contains this many bytes of images.
        row_group_images: images per row group; fewer if they are large.
        at_once: images that are decoded together.
        progress: called after each image with the number of images so far.
        say: called with a line about images with several frames, if there are any.

    Raises:
        PoolError: there already is a pool, or there are other files, or no image is readable.
        ChannelsError: an image has other channels than `pixels` says.
        BadImagesError: there are too many unreadable images.
        OSError: no space, no permission.
    """
    filesystem, path = resolve(uri)
    _make_room(filesystem, path, uri)
    shards = _Shards(filesystem, path, shard_bytes, row_group_images)
    bad: list[tuple[str, str]] = []
    several = 0
    for count, (source, read) in enumerate(_read_all(sources, max_megapixels, pixels, at_once), 1):
        progress(count)
        if read.row is None:
            bad.append((source.image_id, read.reason))
        else:
            shards.add(read.row)
            several += read.has_more_frames
    shards.close()
    _check_share(bad, shards.images + len(bad), max_bad_share)
    if shards.images == 0:
        raise PoolError(f"no readable image for the pool at '{shown(uri)}'")
    manifest = {
        "version": VERSION,
        "images": shards.images,
        "content": shards.content.value(),
        "shards": [
            {
                "file": shard.file,
                "row_groups": shard.row_groups,
                "footer": footer_hash(filesystem, join(path, shard.file)),
            }
            for shard in shards.written
        ],
        "bad": [{"image_id": image_id, "reason": reason} for image_id, reason in bad],
    }
    text = json.dumps(sealed(manifest), indent=1) + "\n"
    write_whole(filesystem, join(path, MANIFEST), text.encode())
    filesystem.delete_file(join(path, BUILDING))
    if several:
        say(f"{several} of {shards.images} images have several frames or pages: the first is read")
    return Pool.open(uri, Permits(max_megapixels=max_megapixels))


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


@dataclass(frozen=True)
class _Read:
    """The row of an image, or why there is none."""

    row: Row | None
    reason: str = ""
    has_more_frames: bool = False


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
        self._bytes = 0

    def add(self, row: Row) -> None:
        """The next image."""
        self._rows.append(row)
        self.content.add(str(row["image_id"]), str(row["content_hash"]))
        self.images += 1
        self._bytes += _size(row)
        if len(self._rows) == self._row_group_images or self._bytes >= ROW_GROUP_BYTES:
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
        shard.bytes += self._bytes
        self._bytes = 0
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
                write_page_checksum=True,
            )
            self.written.append(_Shard(name, writer))
        return self.written[-1]


def _size(row: Row) -> int:
    """Bytes of the image, if the pool is to contain it."""
    image = row["image"]
    return len(image) if isinstance(image, bytes) else 0


def _check_share(bad: Sequence[tuple[str, str]], count: int, max_bad_share: float) -> None:
    """Raise BadImagesError if too many of `count` images are unreadable."""
    if count and len(bad) > max_bad_share * count:
        raise BadImagesError(
            f"{len(bad)} of {count} images are unreadable, more than data.max_bad_share = "
            f"{max_bad_share:g} allows; the first: '{bad[0][0]}': {bad[0][1]}"
        )


def _make_room(filesystem: fs.FileSystem, path: str, uri: str) -> None:
    """Make an empty folder for a pool, marked as unfinished; remove what an interrupted build left.

    Raises:
        PoolError: there already is a pool, or there are files that no build of a pool left.
        RunError: the place is a file.
    """
    names = names_in(uri)
    if MANIFEST in names:
        raise PoolError(
            f"there is already a pool at '{shown(uri)}'; choose another place or remove it"
        )
    if names and BUILDING not in names:
        raise PoolError(
            f"'{shown(uri)}' holds files that raysal did not make there ({named(names)}); "
            "choose an empty or new folder for the pool"
        )
    filesystem.create_dir(path, recursive=True)
    write_whole(filesystem, join(path, BUILDING), b"")
    for name in filter(SHARD.fullmatch, names):
        filesystem.delete_file(join(path, name))


def _read_all(
    sources: Iterable[Source],
    max_megapixels: float,
    pixels: PixelFormat | None,
    at_once: int = READ_THREADS,
) -> Iterator[tuple[Source, _Read]]:
    """Read and check images in threads, in order; as many at a time as there are threads."""
    read = functools.partial(_read_one, max_megapixels=max_megapixels, pixels=pixels)
    with ThreadPoolExecutor(at_once) as threads:
        rest = iter(sources)
        pending = deque((s, threads.submit(read, s)) for s in itertools.islice(rest, at_once))
        while pending:
            source, result = pending.popleft()
            done = result.result()
            pending.extend((s, threads.submit(read, s)) for s in itertools.islice(rest, 1))
            yield source, done


def _read_one(source: Source, max_megapixels: float, pixels: PixelFormat | None) -> _Read:
    if source.path is not None:
        return _read_scene(source, source.path, max_megapixels, pixels)
    try:
        data = source.read()
        examined = examine(data, max_megapixels, pixels)
    except ChannelsError as error:
        raise ChannelsError(f"image '{source.image_id}': {error}") from None
    except (DataError, OSError) as error:
        return _Read(None, str(error))
    row: Row = {
        "image_id": source.image_id,
        "image": data if source.uri is None else None,
        "uri": source.uri,
        "height": examined.height,
        "width": examined.width,
        "content_hash": hash_bytes(data),
    }
    return _Read(row, has_more_frames=examined.has_more_frames)


def _read_scene(
    source: Source, path: Path, max_megapixels: float, pixels: PixelFormat | None
) -> _Read:
    try:
        if pixels is None:
            pixels = PixelFormat(channels=describe(path).channels, range=(0, 255))
        scene = Scene(path, None, pixels, max_megapixels)
        scene.check()
        content_hash = hash_file(path)
        more = has_windows(path) and has_more_pages(path, pixels.channels)
    except ChannelsError as error:
        raise ChannelsError(f"image '{source.image_id}': {error}") from None
    except (DataError, OSError) as error:
        return _Read(None, str(error))
    height, width = scene.own_size
    row: Row = {
        "image_id": source.image_id,
        "image": None,
        "uri": source.uri,
        "height": height,
        "width": width,
        "content_hash": content_hash,
    }
    return _Read(row, has_more_frames=more)
