"""What the images and masks of a data set are: their ids and contents, wherever they lie.

A run stores the identity of its data when it begins, and compares it when it is resumed.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal, NamedTuple

from raysal.data.sets.base import SPLITS, Dataset, Item, Split
from raysal.storage.foreign import named

HASH_BYTES = 16
THREADS = 8
CHUNK_IMAGES = 64


class Content(NamedTuple):
    """The content of a file, or of what is drawn instead of stored.

    Attributes:
        hash: BLAKE2b, 16 bytes, the same that a pool stores for its images; empty if the file
            cannot be read.
        size_bytes, mtime_ns: of the file when it was hashed; 0 if nothing is stored. While both
            are unchanged, so is the content.
    """

    hash: bytes
    size_bytes: int = 0
    mtime_ns: int = 0


class ImageIdentity(NamedTuple):
    """An image and its mask."""

    image: Content
    mask: Content


Identity = Mapping[Split, Mapping[str, ImageIdentity]]
"""All images of a data set: by split, then by id."""

UNREADABLE = Content(b"")
NO_MASK = Content(hashlib.blake2b(b"no mask", digest_size=HASH_BYTES).digest())
NOT_HASHED = ImageIdentity(UNREADABLE, UNREADABLE)


def identify(
    dataset: Dataset,
    known: Identity | None = None,
    progress: Callable[[int], None] = lambda images: None,
    items: Mapping[Split, Sequence[Item]] | None = None,
) -> Identity:
    """The identity of a data set as it is now.

    Args:
        known: an earlier identity. Files whose size and modification time have not changed are
            not read again, and images that are not in it are listed without contents.
        progress: called with the number of images that were looked at since the last call.
        items: the images of each split, if they have been listed already.
    """
    found: dict[Split, dict[str, ImageIdentity]] = {}
    with ThreadPoolExecutor(THREADS) as threads:
        for split in SPLITS:
            before = None if known is None else known.get(split, {})
            look_at = partial(_identities, dataset, before)
            of_split = dataset.items(split) if items is None else items[split]
            identities: list[ImageIdentity] = []
            for chunk in threads.map(look_at, _chunks(of_split)):
                identities += chunk
                progress(len(chunk))
            ids = (item.image_id for item in of_split)
            found[split] = dict(zip(ids, identities, strict=True))
    return found


def contents_hash(images: Mapping[str, ImageIdentity]) -> str:
    """Hash of the contents of images and masks, whatever their order, ids and folders.

    Two models measured on splits of the same hash were measured on the same images and masks.
    """
    digest = hashlib.blake2b(digest_size=HASH_BYTES)
    for content in sorted(_content(image_id, images[image_id]) for image_id in images):
        digest.update(content)
    return digest.hexdigest()


@dataclass(frozen=True)
class Change:
    """Images of a split that differ between two identities."""

    split: Split
    what: Literal["new", "gone", "image", "mask"]
    ids: tuple[str, ...]

    def __str__(self) -> str:
        count = len(self.ids)
        images = "1 image" if count == 1 else f"{count} images"
        words = {
            "new": f"{images} added to the {self.split} split",
            "gone": f"{images} gone from the {self.split} split",
            "image": f"{images} of the {self.split} split changed",
            "mask": f"the masks of {images} of the {self.split} split changed",
        }
        return f"{words[self.what]} ({named(self.ids)})"


def changes(before: Identity, now: Identity) -> tuple[Change, ...]:
    """How data differ from what they were, by split."""
    found: list[Change] = []
    for split in SPLITS:
        old, new = before.get(split, {}), now.get(split, {})
        both = [image_id for image_id in old if image_id in new]
        kinds: dict[Literal["new", "gone", "image", "mask"], list[str]] = {
            "gone": [image_id for image_id in old if image_id not in new],
            "new": [image_id for image_id in new if image_id not in old],
            "image": [i for i in both if old[i].image.hash != new[i].image.hash],
            "mask": [i for i in both if old[i].mask.hash != new[i].mask.hash],
        }
        found += [Change(split, what, tuple(ids)) for what, ids in kinds.items() if ids]
    return tuple(found)


@dataclass(frozen=True)
class Shared:
    """Images of two splits with the same content under different ids, in pairs."""

    splits: tuple[Split, Split]
    ids: tuple[tuple[str, str], ...]

    def __str__(self) -> str:
        (one, other), count = self.splits, len(self.ids)
        pairs = named(f"{b}' = '{a}" for a, b in self.ids)
        images = "1 image of the" if count == 1 else f"{count} images of the"
        return (
            f"{images} {other} split {'is' if count == 1 else 'are'} identical to images of the "
            f"{one} split ({pairs}): the splits are not independent, and mIoU may be too high"
        )


def shared_contents(identity: Identity) -> tuple[Shared, ...]:
    """Images of one split that have the same content as an image of another."""
    found = []
    for one, other in itertools.combinations(SPLITS, 2):
        by_hash: dict[bytes, str] = {}
        for image_id, image in identity.get(one, {}).items():
            by_hash.setdefault(image.image.hash, image_id)
        pairs = tuple(
            (by_hash[image.image.hash], image_id)
            for image_id, image in identity.get(other, {}).items()
            if image.image.hash and image.image.hash in by_hash
        )
        if pairs:
            found.append(Shared((one, other), pairs))
    return tuple(found)


def _identities(
    dataset: Dataset, known: Mapping[str, ImageIdentity] | None, items: Sequence[Item]
) -> list[ImageIdentity]:
    return [_identity(dataset, item, known) for item in items]


def _identity(
    dataset: Dataset, item: Item, known: Mapping[str, ImageIdentity] | None
) -> ImageIdentity:
    source = dataset.drawn_from(item)
    if source is not None:
        drawn = Content(hashlib.blake2b(source.encode(), digest_size=HASH_BYTES).digest())
        return ImageIdentity(drawn, _corrected(dataset, item, drawn))
    if known is not None and item.image_id not in known:
        return NOT_HASHED
    before = NOT_HASHED if known is None else known[item.image_id]
    image = _file_content(Path(item.image), before.image)
    if item.label is None:
        return ImageIdentity(image, NO_MASK)
    if dataset.correction(item) is not None:  # Few; they are read each time.
        return ImageIdentity(image, _corrected(dataset, item, _file_content(Path(item.label))))
    return ImageIdentity(image, _file_content(Path(item.label), before.mask))


def _corrected(dataset: Dataset, item: Item, mask: Content) -> Content:
    """The content of a mask with its correction, if there is one."""
    correction = dataset.correction(item)
    if correction is None:
        return mask
    digest = hashlib.blake2b(mask.hash, digest_size=HASH_BYTES)
    for path in correction.files:
        digest.update(_file_content(path).hash)
    return Content(digest.digest())


def _file_content(path: Path, before: Content = UNREADABLE) -> Content:
    """`before` if the file is as it was; else it is read."""
    try:
        # Before the file is read: a change during the reading is found the next time.
        status = path.stat()
        if before.hash and before[1:] == (status.st_size, status.st_mtime_ns):
            return before
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=HASH_BYTES))
    except OSError:
        return UNREADABLE
    return Content(digest.digest(), status.st_size, status.st_mtime_ns)


def _content(image_id: str, images: ImageIdentity) -> bytes:
    """Both contents in a fixed number of bytes; an unreadable file is told apart by its id."""
    unreadable = hashlib.blake2b(image_id.encode(), digest_size=HASH_BYTES).digest()
    return b"".join(content.hash or unreadable for content in images)


def _chunks(items: Iterable[Item]) -> Iterator[Sequence[Item]]:
    pending = iter(items)
    while chunk := list(itertools.islice(pending, CHUNK_IMAGES)):
        yield chunk
