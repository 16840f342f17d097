"""The images that a pool is built from: those of a data set, or of a folder."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from raysal.data.decode import decode_image, encode_jpeg
from raysal.data.opening import MAX_MEGAPIXELS, SUFFIXES_OF
from raysal.data.sets.base import Dataset, Item
from raysal.data.walk import find_images
from raysal.errors import DataError

# TIFF files that are larger are looked at a part at a time.
LARGE_BYTES = 64 << 20


@dataclass(frozen=True)
class Source:
    """An image to be put into a pool.

    Attributes:
        read: gives the encoded image; raises DataError or OSError if it is unreadable.
        uri: where the image is, if the pool is to contain this instead of the image itself.
        path: of a large TIFF, of which a part at a time is in memory.
    """

    image_id: str
    read: Callable[[], bytes]
    uri: str | None = None
    path: Path | None = None


def dataset_sources(dataset: Dataset) -> list[Source]:
    """The images of the train split of a data set.

    The pool contains them; but of scenes that are TIFF files, it names the file.
    """
    return [_source_of(dataset, item) for item in dataset.items("train")]


def file_source(image_id: str, path: Path) -> Source:
    """An image file whose path the pool is to contain."""
    large = path.suffix.lower() in SUFFIXES_OF["TIFF"] and path.stat().st_size > LARGE_BYTES
    return Source(image_id, path.read_bytes, str(path.absolute()), path if large else None)


def at_size(
    sources: list[Source], size: tuple[int, int], max_megapixels: float = MAX_MEGAPIXELS
) -> list[Source]:
    """The same images as JPEG of a size, so that they are decoded and resized once.

    They are stored with quality 95. A network of that size then sees them as it would see the
    originals, but for the loss of the second compression; and the pool's content hashes are those
    of what it stores.

    Args:
        size: (height, width) in pixels.
        max_megapixels: larger images count as unreadable.

    Raises:
        DataError: the pool is to name the files of images instead of storing them.
    """
    named = next((source for source in sources if source.uri is not None), None)
    if named is not None:
        raise DataError(
            f"image '{named.image_id}': a pool can store images at another size only if it stores "
            "them at all; leave out --no-embed, and build pools of scenes at their own size"
        )

    def resized(source: Source) -> bytes:
        return encode_jpeg(decode_image(source.read(), size, max_megapixels))

    return [replace(source, read=partial(resized, source)) for source in sources]


def _source_of(dataset: Dataset, item: Item) -> Source:
    if dataset.tile is not None:
        with contextlib.suppress(DataError):
            place = dataset.image_source(item)
            if isinstance(place, Path):
                place = place.absolute()
                return Source(item.image_id, place.read_bytes, str(place), place)
    return Source(item.image_id, lambda: dataset.image_bytes(item))


def folder_sources(
    root: str, embed: bool = True, say: Callable[[str], None] = lambda line: None
) -> list[Source]:
    """All images in a local folder and its subfolders.

    Args:
        embed: put the images themselves into the pool, rather than their paths.
        say: called with a line about the files that were passed over, if there are any.

    Raises:
        DataError: there is no such folder, two files have the same id, or a name is not UTF-8.
    """
    if not Path(root).is_dir():
        raise DataError(f"no folder '{root}' to build a pool from")
    found = find_images(Path(root))
    if found.remark is not None:
        say(found.remark)
    return [
        Source(image_id, path.read_bytes) if embed else file_source(image_id, path)
        for image_id, path in found.images.items()
    ]
