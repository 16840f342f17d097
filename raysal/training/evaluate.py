"""Confusion matrix of a model over labelled images."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from raysal.data.decode import IGNORE
from raysal.data.pixel_format import PixelFormat
from raysal.data.sets.base import Dataset, Item
from raysal.errors import DataError
from raysal.inference.metrics import confusion_matrix
from raysal.inference.precision import Precision
from raysal.inference.predict import predict_classes, to_tensor

Sample = tuple[np.ndarray, np.ndarray]


def read_samples(
    dataset: Dataset,
    items: Iterable[Item],
    bad: list[tuple[str, str]],
    pixels: PixelFormat | None = None,
) -> Iterator[Sample]:
    """Image and label of each item at the working size, or of each tile of it, if the data set is
    read in tiles; unreadable images are added to `bad`.

    Args:
        pixels: which channels to read, if others than those of the data set.

    Raises:
        DataError: a mask is missing or invalid.
    """
    for item in items:
        label = dataset.label(item)
        try:
            if dataset.tile is not None:
                yield from _tiles(dataset, item, label, pixels)
            else:
                yield dataset.image(item, pixels), label
        except DataError as error:
            bad.append((item.image_id, str(error)))


def _tiles(
    dataset: Dataset, item: Item, label_HW: np.ndarray, pixels: PixelFormat | None
) -> Iterator[Sample]:
    """The tiles of a scene; labels outside of a tile's core are unknown, so that each pixel counts
    once. Tiles before a damaged part of the file are given."""
    assert dataset.tile is not None
    scene = dataset.scene(item, pixels)
    for tile, image in scene.tiles(dataset.tile.of(dataset.size)):
        label = np.full((tile.height, tile.width), IGNORE, np.uint8)
        label[tile.in_tile] = label_HW[tile.in_scene]
        yield image, label


class Samples:
    """Labelled images for repeated reading; those that fit into `cache_bytes` are decoded once.

    Attributes:
        bad: (image id, reason) of the unreadable ones met so far.
    """

    def __init__(self, dataset: Dataset, items: Sequence[Item], cache_bytes: float) -> None:
        self._dataset, self._waiting, self._room = dataset, list(items), cache_bytes
        self._kept: list[Sample] = []
        # A scene is kept with all of its tiles, or not at all.
        self._least = 0 if dataset.tile is None else _bytes_of_scene(dataset)
        self.bad: list[tuple[str, str]] = []

    def __iter__(self) -> Iterator[Sample]:
        yield from self._kept
        while self._waiting and self._room > self._least:
            for sample in read_samples(self._dataset, [self._waiting.pop(0)], self.bad):
                self._kept.append(sample)
                self._room -= sum(array.nbytes for array in sample)
                yield sample
        met: list[tuple[str, str]] = []
        yield from read_samples(self._dataset, self._waiting, met)
        self.bad += [problem for problem in met if problem not in self.bad]


def _bytes_of_scene(dataset: Dataset) -> int:
    assert dataset.tile is not None
    height, width = dataset.tile.size
    numbers = 1 + (3 if dataset.pixels.is_rgb else 4 * dataset.pixels.channels)
    return len(dataset.tile.of(dataset.size)) * height * width * numbers


def evaluate(
    model: nn.Module,
    samples: Iterable[Sample],
    classes: int,
    batch_size: int,
    precision: Precision,
    device: torch.device,
) -> Tensor:
    """(C, C) int64 confusion matrix on the CPU, rows ground truth; puts the model in eval mode."""
    model.eval()
    total_CC = torch.zeros(classes, classes, dtype=torch.int64, device=device)
    for images_BDHW, labels_BHW in to_batches(samples, batch_size):
        predicted_BHW = predict_classes(model, images_BDHW.to(device), precision)
        total_CC += confusion_matrix(predicted_BHW, labels_BHW.to(device), classes)
    return total_CC.cpu()


def to_batches(samples: Iterable[Sample], batch_size: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Images (B, D, H, W) and labels uint8 (B, H, W); the last batch may be smaller."""
    pending = iter(samples)
    while batch := list(itertools.islice(pending, batch_size)):
        yield (
            to_tensor([image for image, _ in batch]),
            torch.from_numpy(np.stack([label for _, label in batch])),
        )
