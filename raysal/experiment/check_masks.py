"""Check all masks before a run begins: that they can be used, and that they make sense."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np

from raysal.data.decode import IGNORE
from raysal.data.sets.base import SPLITS, Dataset, Item, Split
from raysal.data.sets.codings import why_outside, why_useless
from raysal.errors import BadImagesError, ChannelsError, ClassIdError, DataError
from raysal.progress import Watch

THREADS = 8
CLASSES_SHOWN = 40
# Enough to tell one coding from another.
SURVEYED = 1000
ROWS = 1024


def _zeros() -> np.ndarray:
    return np.zeros(256, np.int64)


@dataclass(frozen=True)
class CheckedMask:
    """What was found in a mask and its image.

    Attributes:
        stored: number of pixels (256,) of each id in the file.
        known: number of pixels (256,) of each class id, and of 255.
        problem: why the image cannot be read; None if it can.
    """

    stored: np.ndarray
    known: np.ndarray
    problem: str | None


@dataclass
class MaskCounts:
    """Pixels in all masks, and images that cannot be read.

    Attributes:
        masks: number of masks.
        stored: number of pixels (256,) of each id in the files.
        known: number of pixels (256,) of each class id, and of 255.
        bad: by split, (image id, reason) of unreadable images.
    """

    masks: int = 0
    stored: np.ndarray = field(default_factory=_zeros)
    known: np.ndarray = field(default_factory=_zeros)
    bad: dict[Split, list[tuple[str, str]]] = field(default_factory=dict)

    def add(self, split: Split, item: Item, checked: CheckedMask) -> None:
        """Count one more mask."""
        self.masks += 1
        self.stored += checked.stored
        self.known += checked.known
        if checked.problem is not None:
            self.bad.setdefault(split, []).append((item.image_id, checked.problem))

    def line(self, names: tuple[str, ...]) -> str:
        """Share of each class in the known pixels, and share of the unknown ones, on one line."""
        total, unknown = int(self.known.sum()), int(self.known[IGNORE])
        known = max(total - unknown, 1)
        pixels = self.known[: len(names)].tolist()
        parts = [f"{name} {_share(n / known)}" for name, n in zip(names, pixels, strict=True)]
        if len(parts) > CLASSES_SHOWN:
            parts[CLASSES_SHOWN:] = [f"and {len(parts) - CLASSES_SHOWN} more classes"]
        return (
            f"masks: {self.masks} with {total} pixels, {_share(unknown / max(total, 1))} unknown; "
            f"of the known: {', '.join(parts)}"
        )


def check_masks(dataset: Dataset, watch: Watch) -> None:
    """Check all masks that there are, and that validation and test images can be decoded.

    The pixels of each class are counted and shown; classes in no mask are named.

    Raises:
        DataError: a mask cannot be used, fewer than two classes occur, or the ids are those of
            another coding.
        BadImagesError: too many validation or test images are unreadable.
    """
    everything = [(split, item) for split in SPLITS for item in dataset.items(split)]
    items = [(split, item) for split, item in everything if item.label is not None]
    if not items:
        return
    if len(items) < len(everything):
        watch.say(f"{len(items)} of {len(everything)} images have masks")
    counts = MaskCounts()
    watch.start("check masks", len(items))
    with ThreadPoolExecutor(threads_for(dataset)) as threads:
        try:
            results = threads.map(lambda pair: check_mask(dataset, *pair), items)
            for (split, item), checked in zip(items, results, strict=True):
                counts.add(split, item, checked)
                watch.advance(1)
        except ClassIdError as error:
            threads.shutdown(cancel_futures=True)
            hint = why_outside(_survey(dataset, items), len(dataset.class_names))
            raise DataError(f"{error}" + (f"; {hint}" if hint else "")) from error
    watch.finish()
    _refuse_bad(dataset, counts)
    watch.say(counts.line(dataset.class_names))
    doubt = why_useless(counts.stored, counts.known, dataset.class_names)
    if (doubt := doubt or dataset.doubt(counts.stored)) is not None:
        raise DataError(f"{dataset.name}: the masks cannot be right: {doubt}")
    absent = [n for n, pixels in zip(dataset.class_names, counts.known, strict=False) if not pixels]
    if absent:
        watch.say(f"warning: no mask contains {', '.join(repr(name) for name in absent)}")


def threads_for(dataset: Dataset) -> int:
    """How many masks to look at together: one if they are large."""
    return THREADS if dataset.tile is None else 1


def check_mask(dataset: Dataset, split: Split, item: Item) -> CheckedMask:
    """Check that a mask can be decoded and has the size of its image.

    Images of the train split are decoded when the pool is built; all others are decoded here, so
    that damage is found before the training.

    Raises:
        DataError: the mask is unreadable, it has another size than its image, or an id is no class.
    """
    stored = dataset.stored_ids(item)
    known = dataset.class_ids(stored, item.mask)
    size, problem = dataset.stored_size(item), None
    if split != "train":
        try:
            size = dataset.decoded_size(item)
        except ChannelsError as error:
            raise ChannelsError(f"{dataset.name}: image {item.image}: {error}") from None
        except DataError as error:
            problem = str(error)
    if size is not None and size != known.shape:
        turned = size == known.shape[::-1]
        raise DataError(
            f"{dataset.name}: the mask of '{item.image_id}' is {known.shape[0]}x{known.shape[1]}, "
            f"its image {size[0]}x{size[1]} (height x width); masks must match their images "
            f"({item.mask})"
            + ("; was it drawn on the picture without its EXIF orientation?" if turned else "")
        )
    return CheckedMask(_count(stored), _count(known), problem)


def _refuse_bad(dataset: Dataset, counts: MaskCounts) -> None:
    for split, bad in counts.bad.items():
        images = len(dataset.items(split))
        if len(bad) > dataset.max_bad_share * images:
            image_id, reason = bad[0]
            raise BadImagesError(
                f"{dataset.name}: {len(bad)} of {images} {split} images are unreadable, more than "
                f"data.max_bad_share = {dataset.max_bad_share:g} allows; the first: '{image_id}': "
                f"{reason}"
            )


def _survey(dataset: Dataset, items: list[tuple[Split, Item]]) -> np.ndarray:
    """Ids in the files of masks spread over the data set, also of those that are refused."""
    counts = _zeros()
    for _, item in items[:: max(1, len(items) // SURVEYED)]:
        try:
            counts += _count(dataset.stored_ids(item))
        except DataError:
            continue
    return counts


def _count(mask: np.ndarray) -> np.ndarray:
    # numpy copies what it counts, with 8 bytes per pixel.
    parts = (mask[row : row + ROWS] for row in range(0, len(mask), ROWS))
    return sum((np.bincount(part.ravel(), minlength=256) for part in parts), _zeros())


def _share(share: float) -> str:
    return "<0.1 %" if 0 < share < 0.0005 else f"{100 * share:.1f} %"
