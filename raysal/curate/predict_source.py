"""Images to work on: a pool, or a folder of images, of which a pool of paths is made."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from raysal.data.opening import MAX_MEGAPIXELS
from raysal.data.pool.layout import MANIFEST
from raysal.data.pool.outside import STRICT, Permits
from raysal.data.pool.pool import Pool
from raysal.data.pool.sources import file_source
from raysal.data.pool.writer import BUILDING, write_pool
from raysal.data.walk import FoundImages, find_images
from raysal.errors import DataError, PoolError
from raysal.progress import Watch
from raysal.storage.atomic import write_bytes
from raysal.storage.uri import absolute, shown

UNIT_IMAGES = 8
"""Images of a unit: few, so that little is done again after a kill and all workers have some."""


@dataclass(frozen=True)
class PoolSource:
    """A pool that somebody built."""

    opened: Pool

    @property
    def name(self) -> str:
        """Path or URI, without credentials."""
        return shown(self.opened.uri)

    @property
    def listing(self) -> None:
        """A pool has a fingerprint of its own."""

    def pool(self, place: Path, known: str | None, watch: Watch) -> Pool:
        """The pool as it is."""
        return self.opened


@dataclass(frozen=True)
class FolderSource:
    """A folder of images, of which those larger than the limit in `permits` are refused."""

    found: FoundImages
    permits: Permits

    @property
    def name(self) -> str:
        """Absolute path."""
        return str(self.found.root)

    @cached_property
    def listing(self) -> str:
        """Hash of the names, sizes and times of the files, and of the limit for images."""
        digest = hashlib.blake2b(f"{self.permits.max_megapixels}\n".encode(), digest_size=16)
        for image_id, path in self.found.images.items():
            status = path.stat()
            entry = (image_id, path.suffix, status.st_size, status.st_mtime_ns)
            digest.update(f"{entry!r}\n".encode())
        return digest.hexdigest()

    def pool(self, place: Path, known: str | None, watch: Watch) -> Pool:
        """A pool of the paths of the images.

        Args:
            place: folder of the pool, which is made or, if the images have changed, made again.
            known: the listing that the pool there was made from.

        Raises:
            PoolError: no image is readable, or `place` holds files that raysal did not make.
        """
        if known == self.listing:
            try:
                return Pool.open(str(place), self.permits)
            except PoolError:  # Damaged; it holds nothing that cannot be made again.
                pass
        if (place / MANIFEST).exists():
            write_bytes(place / BUILDING, b"")
            (place / MANIFEST).unlink()
        images = self.found.images
        watch.start("read images", len(images))
        write_pool(
            [file_source(*pair) for pair in images.items()],
            str(place),
            max_megapixels=self.permits.max_megapixels or MAX_MEGAPIXELS,
            row_group_images=UNIT_IMAGES,
            progress=lambda _: watch.advance(1),
            say=watch.say,
        )
        watch.finish()
        return Pool.open(str(place), self.permits)


def open_source(
    images: str, out: Path, watch: Watch, permits: Permits = STRICT
) -> PoolSource | FolderSource:
    """Open a pool, or list a folder of images.

    Args:
        images: a folder, or the folder or URI of a pool.
        out: the folder to write to.
        permits: what a pool may make raysal read, and the limit for images of either.

    Raises:
        PoolError: there is no pool at the URI, or it is damaged.
        DataError: there is no folder, it has no image, or `out` is in it; two images have the
            same id, or a name is not UTF-8.
    """
    where = absolute(images)
    if "://" in where or _holds((MANIFEST, BUILDING), Path(where)):
        return PoolSource(Pool.open(where, permits))
    root = Path(where)
    if not root.is_dir():
        what = "is a file" if root.exists() else "does not exist"
        raise DataError(f"'{images}' {what}; give a folder of images, or a pool")
    if out.resolve().is_relative_to(root.resolve()):
        raise DataError(
            f"{out} lies in the folder of images {root}, so that what is written would be taken "
            "for images; choose another folder to write to"
        )
    found = find_images(root)
    if found.remark is not None:
        watch.say(found.remark)
    if not found.images:
        raise DataError(f"no image in '{images}'")
    return FolderSource(found, permits)


def _holds(names: Sequence[str], folder: Path) -> bool:
    return any((folder / name).exists() for name in names)
