"""Files named after images: an id with slashes is a path, and never one that leaves its folder."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import numpy as np

from raysal.config.seed import keyed_hash
from raysal.errors import DataError

# A name has at most 255 bytes, and its temporary file is called `.NAME.<32 digits>.tmp`.
MAX_NAME_BYTES = 255 - len(".") - len(".") - 32 - len(".tmp")


def path_of(image_id: str, suffix: str) -> str:
    """The relative path of an image's file: its id with a suffix; slashes make subfolders.

    Args:
        suffix: such as `.png`.

    Raises:
        DataError: the id is no relative path, would lead out of the folder, or is too long.
    """
    parts = image_id.split("/")
    if "\0" in image_id or any(part in ("", ".", "..") for part in parts):
        raise DataError(
            f"the image id {image_id!r} cannot name a file below a folder; rename the image and "
            "build its pool again"
        )
    parts[-1] += suffix
    if any(len(part.encode()) > MAX_NAME_BYTES for part in parts):
        raise DataError(
            f"the image id '{image_id}' is too long for the name of a file; rename the image"
        )
    return "/".join(parts)


def check_paths(ids: Callable[[], Iterable[str]], suffixes: Iterable[str]) -> None:
    """Check that all images have files of their own.

    Needs 8 bytes of memory per image.

    Args:
        ids: gives all ids anew at every call.
        suffixes: of the files that are written for each image.

    Raises:
        DataError: an id is unsafe, occurs twice, or the file of one is the folder of another.
    """
    suffixes = tuple(suffixes)
    folders: set[str] = set()
    hashes = np.fromiter(_hashes(ids(), suffixes, folders), np.uint64)
    values, counts = np.unique(hashes, return_counts=True)
    suspects = {int(value) for value in values[counts > 1]}
    if not suspects and not folders:
        return
    seen: set[str] = set()
    for image_id in ids():
        if image_id in folders:
            raise DataError(
                f"the file of image '{image_id}' would have the name of a folder of other images; "
                "rename one of them"
            )
        if _hash(image_id) in suspects:
            if image_id in seen:
                raise DataError(f"the image id '{image_id}' occurs twice; rename one of the images")
            seen.add(image_id)


def _hashes(ids: Iterable[str], suffixes: tuple[str, ...], folders: set[str]) -> Iterator[int]:
    """The hash of each id; `folders` gets the ids whose files would be folders of other images."""
    for image_id in ids:
        for suffix in suffixes:
            path_of(image_id, suffix)
            end = image_id.find(f"{suffix}/")
            while end >= 0:
                folders.add(image_id[:end])
                end = image_id.find(f"{suffix}/", end + 1)
        yield _hash(image_id)


def _hash(image_id: str) -> int:
    return keyed_hash("files of images", image_id)
