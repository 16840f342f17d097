"""Labelled scenes for training: views are windows of the size of a tile that hold known pixels.

A tile whose core has a known pixel is what an image is otherwise: an epoch shows each once. A view
of it is a window around a random known pixel of its core, anywhere that the pixel is still inside.

What is in memory does not grow with the scenes: label maps are compressed. Images are read window
by window from where they are, if they are TIFF files that the pool names; others lie in a temporary
folder (of `TMPDIR`) while the model trains: TIFFs from the pool as they are, other formats decoded.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch

from raysal.data.decode import IGNORE
from raysal.data.label_blocks import LabelBlocks
from raysal.data.labels import labelled_ids, read_merged
from raysal.data.pixel_format import RGB, PixelFormat
from raysal.data.pool.pool import Pool
from raysal.data.pool.rows import PoolRow
from raysal.data.scene import Scene, read_whole
from raysal.data.tiff import has_windows
from raysal.data.tiles import Tile, TileConfig
from raysal.errors import DataError
from raysal.inference.metrics import class_counts
from raysal.training.samples import check_label_size, check_labels

ARRAY = ".npy"


@dataclass
class LabelledScenes:
    """The labelled scenes of a round, ordered by id.

    Attributes:
        files: where the images are; decoded ones as NumPy arrays.
        units: (index of the scene, tile) of each tile with a known pixel in its core.
        bad: (image id, reason) of unreadable scenes, which are not trained on.
        folder: the temporary folder, removed with this object.
    """

    size: tuple[int, int]
    tile: TileConfig
    pixels: PixelFormat
    ids: list[str] = field(default_factory=list)
    files: list[Path] = field(default_factory=list)
    labels: list[LabelBlocks] = field(default_factory=list)
    units: list[tuple[int, Tile]] = field(default_factory=list)
    bad: list[tuple[str, str]] = field(default_factory=list)
    folder: tempfile.TemporaryDirectory[str] | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        self._open: dict[int, Scene] = {}

    def __len__(self) -> int:
        return len(self.units)

    def __getstate__(self) -> dict[str, Any]:
        """The state that loader processes get: they open files themselves, and remove none."""
        return {**self.__dict__, "folder": None, "_open": {}}

    @property
    def images_used(self) -> int:
        """Number of scenes."""
        return len(self.ids)

    def check_classes(self, classes: int) -> None:
        """See `LabelledSet.check_classes`."""
        for index, tile in self.units:
            label = self.labels[index].window(*tile.in_scene)
            check_labels(self.ids[index], label, classes)

    def class_pixels(self, classes: int) -> list[int]:
        """(C,) labelled pixels of each class."""
        pixels_C = torch.zeros(classes, dtype=torch.int64)
        for index, tile in self.units:
            label = self.labels[index].window(*tile.in_scene)
            pixels_C += class_counts(torch.from_numpy(label), classes)
        return pixels_C.tolist()

    def get(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        """A tile and its labels."""
        scene, tile = self.units[index]
        return self._window(scene, tile.row, tile.col)

    def view(self, index: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
        """A window around a random known pixel of the core of a tile, and its labels."""
        scene, tile = self.units[index]
        rng = np.random.default_rng(seed)
        known = np.flatnonzero(self.labels[scene].window(*tile.in_scene) != IGNORE)
        top, left, _, right = tile.core
        down, across = divmod(int(known[rng.integers(len(known))]), right - left)
        starts = []
        for place, side, length in zip(
            (top + down, left + across), self.tile.size, self.size, strict=True
        ):
            first, last = max(0, place - side + 1), min(place, length - side)
            starts.append(int(rng.integers(first, last + 1)))
        return self._window(scene, *starts)

    def _window(self, index: int, row: int, col: int) -> tuple[np.ndarray, np.ndarray]:
        height, width = self.tile.size
        image = self._scene(index).window((row, col, height, width))
        return image, self.labels[index].window(slice(row, row + height), slice(col, col + width))

    def _scene(self, index: int) -> Scene:
        if index not in self._open:
            file = self.files[index]
            source = np.load(file, mmap_mode="r") if file.suffix == ARRAY else file
            # It was admitted when it was looked at for the first time.
            self._open[index] = Scene(source, self.size, self.pixels, float("inf"))
        return self._open[index]


def load_labelled_scenes(
    pool: Pool,
    label_folders: Sequence[Path],
    size: tuple[int, int],
    tile: TileConfig,
    pixels: PixelFormat = RGB,
) -> LabelledScenes:
    """Merge the labels of all rounds so far, and find the images, scene by scene.

    Scenes without any known pixel are left out.

    Raises:
        DataError: a label does not have `size`, or there is nothing to train on.
        PoolError: the pool lacks a labelled scene.
        OSError: no space in the temporary folder.
    """
    labels: dict[str, LabelBlocks] = {}
    for image_id in sorted({i for folder in label_folders for i in labelled_ids(folder)}):
        label = read_merged(label_folders, [image_id])[image_id].label
        check_label_size(label, size, image_id, label_folders)
        if (label != IGNORE).any():
            labels[image_id] = LabelBlocks(label)
    folder = tempfile.TemporaryDirectory(prefix="raysal-scenes-")
    found = LabelledScenes(size, tile, pixels, folder=folder)
    files = dict(_files(pool.fetch(labels), Path(folder.name), pixels, found.bad))
    if not files:
        raise DataError("no labelled image to train on: none has a known pixel and can be read")
    for image_id in sorted(files):
        found.ids.append(image_id)
        found.files.append(files[image_id])
        found.labels.append(labels[image_id])
        found.units += [
            (len(found.ids) - 1, tile_of)
            for tile_of in tile.of(size)
            if (labels[image_id].window(*tile_of.in_scene) != IGNORE).any()
        ]
    return found


def _files(
    rows: Iterable[PoolRow], folder: Path, pixels: PixelFormat, bad: list[tuple[str, str]]
) -> Iterable[tuple[str, Path]]:
    for number, row in enumerate(rows):
        try:
            yield row.image_id, _file(row, folder / str(number), pixels)
        except DataError as error:
            bad.append((row.image_id, str(error)))


def _file(row: PoolRow, place: Path, pixels: PixelFormat) -> Path:
    """A file of the image from which windows can be read."""
    source = row.source
    if not has_windows(source):
        place = place.with_suffix(ARRAY)
        np.save(place, read_whole(source, pixels, row.max_megapixels))
        return place
    Scene(source, None, pixels, row.max_megapixels)  # Checks its size and its channels.
    if isinstance(source, Path):
        return source
    place = place.with_suffix(".tif")
    place.write_bytes(source)
    return place
