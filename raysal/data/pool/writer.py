"""Making a pool from a data set or from a folder tree of images."""

from __future__ import annotations

import functools
import itertools
import json
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import fs

from raysal.data.decode import image_size
from raysal.data.opening import MAX_MEGAPIXELS
from raysal.data.pool.layout import MANIFEST, SCHEMA, SHARD, VERSION, footer_hash
from raysal.data.pool.reader import ContentHash, Pool
from raysal.data.sets.base import Dataset
from raysal.data.walk import find_images
from raysal.errors import BadImagesError, DataError, PoolError
from raysal.storage.foreign import named, names_in
from raysal.storage.seal import hash_bytes, sealed
from raysal.storage.uri import join, resolve, shown, write_whole

# Written before the first shard and removed after the manifest: whoever finds it knows that the
# shards beside it are those of an interrupted build.
BUILDING = "raysal-pool.unfinished"
ROW_GROUP_IMAGES = 32
SHARD_BYTES = 128 << 20
READ_THREADS = 8


@dataclass(frozen=True)
class Source:
    """An image on its way into a pool: `read` gives its bytes; `uri` stays when they do not."""

    image_id: str
    read: Callable[[], bytes]
    uri: str | None = None


@dataclass
class _Shard:
    """The shard being written."""

    file: str
    writer: pq.ParquetWriter
    row_groups: list[int] = field(default_factory=list)
    bytes: int = 0


def dataset_sources(dataset: Dataset) -> list[Source]:
    """The images of a data set's train split.

    Raises (from `read`):
        DataError: image unreadable.
    """
    return [
        Source(item.image_id, lambda item=item: dataset.image_bytes(item))  # type: ignore[misc]
        for item in dataset.items("train")
    ]


def folder_sources(
    root: str, embed: bool = True, say: Callable[[str], None] = lambda line: None
) -> list[Source]:
    """All images below a local folder.

    Args:
        embed: keep the bytes in the pool; otherwise only where they lie.
        say: called with a line about the files that were passed over, if there are any.

    Raises:
        DataError: no such folder, two files with one id, or a name that is not UTF-8.
    """
    if not Path(root).is_dir():
        raise DataError(f"no folder '{root}' to build a pool from")
    found = find_images(Path(root))
    if found.remark is not None:
        say(found.remark)
    return [
        Source(image_id, path.read_bytes, None if embed else str(path.absolute()))
        for image_id, path in found.images.items()
    ]


def write_pool(
    sources: Iterable[Source],
    uri: str,
    *,
    max_bad_share: float = 1.0,
    max_megapixels: float = MAX_MEGAPIXELS,
    shard_bytes: int = SHARD_BYTES,
    row_group_images: int = ROW_GROUP_IMAGES,
    progress: Callable[[int], None] = lambda images: None,
) -> Pool:
    """Write all readable images into a pool and open it.

    Every image is decoded once; those that fail are listed in the manifest by id and reason.

    Args:
        max_bad_share: a larger share of unreadable images is an error.
        max_megapixels: larger images count as unreadable.
        progress: called with the number of images looked at so far.

    Raises:
        PoolError: a complete pool or other files are there already, or no image is readable.
        BadImagesError: too many unreadable images.
        OSError: no space, no permission.
    """
    filesystem, path = resolve(uri)
    _make_room(filesystem, path, uri)
    bad: list[tuple[str, str]] = []
    shards: list[_Shard] = []
    rows: list[dict[str, object]] = []
    looked_at = images = 0
    content = ContentHash()

    def flush() -> None:
        if not rows:
            return
        if not shards or shards[-1].bytes >= shard_bytes:
            if shards:
                shards[-1].writer.close()
            name = f"part-{len(shards):05d}.parquet"
            # JPEG bytes do not compress; statistics and dictionaries of them are waste.
            writer = pq.ParquetWriter(
                join(path, name), SCHEMA, filesystem=filesystem, compression="none",
                use_dictionary=False, write_statistics=["image_id"], write_page_checksum=True,
            )  # fmt: skip
            shards.append(_Shard(name, writer))
        shard = shards[-1]
        shard.writer.write_table(pa.Table.from_pylist(rows, schema=SCHEMA))
        shard.row_groups.append(len(rows))
        shard.bytes += sum(len(row["image"]) for row in rows if isinstance(row["image"], bytes))
        rows.clear()

    for source, row, reason in _read_all(sources, max_megapixels):
        looked_at += 1
        progress(looked_at)
        if row is None:
            bad.append((source.image_id, reason))
            continue
        rows.append(row)
        content.add(str(row["image_id"]), str(row["content_hash"]))
        images += 1
        if len(rows) == row_group_images:
            flush()
    flush()
    if shards:
        shards[-1].writer.close()
    if looked_at and len(bad) > max_bad_share * looked_at:
        raise BadImagesError(
            f"{len(bad)} of {looked_at} images are unreadable, more than data.max_bad_share = "
            f"{max_bad_share:g} allows; the first: '{bad[0][0]}': {bad[0][1]}"
        )
    manifest = {
        "version": VERSION,
        "images": images,
        "content": content.value(),
        "shards": [
            {
                "file": s.file,
                "row_groups": s.row_groups,
                "footer": footer_hash(filesystem, join(path, s.file)),
            }
            for s in shards
        ],
        "bad": [{"image_id": image_id, "reason": reason} for image_id, reason in bad],
    }
    if images == 0:
        raise PoolError(f"no readable image for the pool at '{shown(uri)}'")
    text = json.dumps(sealed(manifest), indent=1) + "\n"
    write_whole(filesystem, join(path, MANIFEST), text.encode())
    filesystem.delete_file(join(path, BUILDING))
    return Pool.open(uri)


def _make_room(filesystem: fs.FileSystem, path: str, uri: str) -> None:
    """Check that a pool may be written here, clear what an interrupted build left, and mark the
    folder as one of an unfinished build.

    Raises:
        PoolError: there is a pool already, or files that no build of a pool left.
        RunError: the place is a file.
    """
    names = names_in(uri)
    if MANIFEST in names:
        raise PoolError(
            f"there is a pool at '{shown(uri)}' already; give another place or remove it"
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
    sources: Iterable[Source], max_megapixels: float
) -> Iterator[tuple[Source, dict[str, object] | None, str]]:
    """Read and verify in threads, a bounded number ahead, in order."""
    read = functools.partial(_read_one, max_megapixels=max_megapixels)
    with ThreadPoolExecutor(READ_THREADS) as threads:
        pending = iter(sources)
        while batch := list(itertools.islice(pending, READ_THREADS * 4)):
            yield from zip(batch, *zip(*threads.map(read, batch), strict=True), strict=True)


def _read_one(source: Source, max_megapixels: float) -> tuple[dict[str, object] | None, str]:
    try:
        data = source.read()
        height, width = image_size(data, max_megapixels)
    except (DataError, OSError) as error:
        return None, str(error)
    return {
        "image_id": source.image_id,
        "image": data if source.uri is None else None,
        "uri": source.uri,
        "height": height,
        "width": width,
        "content_hash": hash_bytes(data),
    }, ""
