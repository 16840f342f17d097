"""Labelled images for training: decoded once, augmented at each use, in a reproducible order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Sampler
from torch.utils.data import Dataset as TorchDataset

from raysal.config.seed import derive_seed
from raysal.data.decode import IGNORE, decode_image
from raysal.data.labels import read_merged
from raysal.data.pixel_format import RGB, PixelFormat
from raysal.data.pool.pool import Pool
from raysal.errors import DataError
from raysal.inference.metrics import class_counts
from raysal.training.augment import augment
from raysal.training.augment_config import AugmentConfig


@dataclass
class LabelledSet:
    """The labelled images of a round, ordered by id.

    Attributes:
        pixels: which channels the images have.
        images: decoded, see `decode_image`, or encoded bytes once the memory bound is reached.
        bad: (image id, reason) of unreadable images, which are not trained on.
    """

    size: tuple[int, int]
    ids: list[str] = field(default_factory=list)
    images: list[np.ndarray | bytes] = field(default_factory=list)
    labels: list[np.ndarray] = field(default_factory=list)
    bad: list[tuple[str, str]] = field(default_factory=list)
    pixels: PixelFormat = RGB

    def __len__(self) -> int:
        return len(self.ids)

    def check_classes(self, classes: int) -> None:
        """Check that all labels are below `classes` or unknown.

        Raises:
            DataError: a label is not, so the label store belongs to another data set.
        """
        for image_id, label in zip(self.ids, self.labels, strict=True):
            check_labels(image_id, label, classes)

    @property
    def images_used(self) -> int:
        """Number of images."""
        return len(self.ids)

    def view(self, index: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
        """What is augmented: the whole image and its label."""
        return self.get(index)

    def class_pixels(self, classes: int) -> list[int]:
        """(C,) labelled pixels of each class."""
        pixels_C = torch.zeros(classes, dtype=torch.int64)
        for label in self.labels:
            pixels_C += class_counts(torch.from_numpy(label), classes)
        return pixels_C.tolist()

    def get(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        """Image and label at the working size."""
        image = self.images[index]
        if isinstance(image, bytes):
            # It was admitted when it was decoded for the first time.
            image = decode_image(image, self.size, float("inf"), self.pixels)
        return image, self.labels[index]


def load_labelled(
    pool: Pool,
    label_folders: Sequence[Path],
    size: tuple[int, int],
    cache_bytes: float,
    pixels: PixelFormat = RGB,
) -> LabelledSet:
    """Merge the labels of all rounds so far and fetch their images from the pool.

    Images without any known pixel are left out. Images are decoded into memory until
    `cache_bytes` is reached; the others are kept encoded and decoded each time they are used.

    Raises:
        DataError: a label does not have `size`, or there is nothing to train on.
        PoolError: the pool lacks a labelled image.
    """
    labels = read_merged(label_folders)
    for image_id, labelled in labels.items():
        check_label_size(labelled.label, size, image_id, label_folders)
    known = {key: value for key, value in labels.items() if (value.label != IGNORE).any()}

    found: dict[str, np.ndarray | bytes] = {}
    bad = []
    used = 0
    for row in pool.fetch(known):
        try:
            image = decode_image(row.data, size, row.max_megapixels, pixels)
        except DataError as error:
            bad.append((row.image_id, str(error)))
            continue
        used += image.nbytes
        found[row.image_id] = image if used <= cache_bytes else row.data
    if not found:
        raise DataError("no labelled image to train on: none has a known pixel and can be read")
    ids = sorted(found)
    labels_of = [known[i].label for i in ids]
    return LabelledSet(size, ids, [found[i] for i in ids], labels_of, bad, pixels)


def check_label_size(
    label: np.ndarray, size: tuple[int, int], image_id: str, label_folders: Sequence[Path]
) -> None:
    """Check that a label has the working size.

    Raises:
        DataError: it has not.
    """
    if label.shape != tuple(size):
        raise DataError(
            f"{label_folders[0].parent.parent}: the label of '{image_id}' is "
            f"{_by(label.shape)}, the working size is {_by(size)}"
        )


def check_labels(image_id: str, label: np.ndarray, classes: int) -> None:
    """Check that a label is below `classes` or unknown.

    Raises:
        DataError: it is not, so the label store belongs to another data set.
    """
    wrong = label[(label >= classes) & (label != IGNORE)]
    if wrong.size:
        raise DataError(
            f"the label of '{image_id}' holds class {int(wrong[0])}, but the data set has "
            f"{classes} classes: the label store belongs to another data set"
        )


class Labelled(Protocol):
    """What can be trained on: images, or tiles of scenes.

    Attributes:
        bad: (image id, reason) of unreadable images.
    """

    bad: list[tuple[str, str]]

    def __len__(self) -> int:
        """Number of views in an epoch that shows each once."""

    @property
    def images_used(self) -> int:
        """Number of images."""

    def check_classes(self, classes: int) -> None:
        """See `LabelledSet.check_classes`."""

    def class_pixels(self, classes: int) -> list[int]:
        """See `LabelledSet.class_pixels`."""

    def get(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        """Image and label at the size that a network sees."""

    def view(self, index: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
        """As `get`; of a scene, a window that is drawn by `seed`."""


def epoch_batches(
    images: int, per_epoch: int, batch_size: int, seed: int, epoch: int
) -> list[list[int]]:
    """Image indices of an epoch's batches: all in random order, again in a new one as needed.

    Batch norm needs full batches: the last one is filled with the epoch's first images.
    """
    rng = np.random.default_rng(derive_seed(seed, "order", epoch))
    passes = -(-per_epoch // images)
    order = np.concatenate([rng.permutation(images) for _ in range(passes)])[:per_epoch]
    whole = np.resize(order, -(-per_epoch // batch_size) * batch_size)
    return [batch.tolist() for batch in whole.reshape(-1, batch_size)]


class _Epochs(Sampler[list[tuple[int, int, int]]]):
    """Yields this worker's share of each batch as (epoch, position in the epoch, image)."""

    def __init__(
        self, images: int, per_epoch: int, batch_size: int, seed: int, rank: int, workers: int
    ) -> None:
        self.images, self.per_epoch = images, per_epoch
        self.batch_size, self.seed = batch_size, seed
        self.rank, self.workers = rank, workers
        self.epoch = 0

    def __iter__(self) -> Iterator[list[tuple[int, int, int]]]:
        batches = epoch_batches(self.images, self.per_epoch, self.batch_size, self.seed, self.epoch)
        for start, batch in enumerate(batches):
            numbered = [
                (self.epoch, start * self.batch_size + k, image) for k, image in enumerate(batch)
            ]
            yield numbered[self.rank :: self.workers]

    def __len__(self) -> int:
        return -(-self.per_epoch // self.batch_size)


class _Views(TorchDataset[tuple[Tensor, Tensor]]):
    """Augmented views; each is a function of (seed, epoch, position) alone."""

    def __init__(self, labelled: Labelled, config: AugmentConfig, seed: int) -> None:
        self.labelled, self.config, self.seed = labelled, config, seed

    def __getitem__(self, key: tuple[int, int, int]) -> tuple[Tensor, Tensor]:
        epoch, position, index = key
        window = derive_seed(self.seed, "window", epoch, position)
        image, label = self.labelled.view(index, window)
        return augment(image, label, self.config, derive_seed(self.seed, "view", epoch, position))

    def __len__(self) -> int:
        return len(self.labelled)


class Batches:
    """Augmented training batches of any epoch, equal for any number of loader processes."""

    def __init__(
        self,
        labelled: Labelled,
        per_epoch: int,
        augmentation: AugmentConfig,
        batch_size: int,
        seed: int,
        rank: int,
        workers: int,
        loader_workers: int,
    ) -> None:
        self._sampler = _Epochs(len(labelled), per_epoch, batch_size, seed, rank, workers)
        self._loader = DataLoader(
            _Views(labelled, augmentation, seed),
            batch_sampler=self._sampler,
            num_workers=loader_workers,
            persistent_workers=loader_workers > 0,
            pin_memory=torch.cuda.is_available(),
            # Its own, so that the loader does not advance dropout's random numbers.
            generator=torch.Generator(),
        )

    def __len__(self) -> int:
        return len(self._sampler)

    def epoch(self, epoch: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Images (b, D, H, W), uint8 or float32, and labels uint8 (b, H, W) of this worker."""
        self._sampler.epoch = epoch
        yield from self._loader


def _by(shape: Sequence[int]) -> str:
    return "x".join(str(n) for n in shape)
