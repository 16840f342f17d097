"""What the run will extend the labels of an image to, as it is drawn now, and from where.

The same labels as those of the run's stage, which computes them when all answers are there. They
are shown in groups: connected areas of one class, each with the annotated cells that its labels
come from.

Axes in names: H W own size, h w working size, N cells, C classes.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from raysal.annotate.tool.prepare.cache import key_of
from raysal.annotate.tool.prepare.calibration import calibrated, read_calibration, read_settings
from raysal.annotate.tool.prepare.files import write_raster
from raysal.annotate.tool.prepare.guide import ExtensionSource
from raysal.annotate.tool.prepare.task import Task, Tools
from raysal.data.decode import IGNORE, decode_image
from raysal.data.labels import ANNOTATOR, EXTENDED, REFUSED, LabelledImage, merge, read_merged
from raysal.experiment.config import ExperimentConfig
from raysal.experiment.own_size import own_rectangle
from raysal.experiment.people import as_labelled
from raysal.experiment.query import Rectangle, by_image, read_query
from raysal.regions.extend_config import Thresholds

VERSION = 2
FILE, GROUPS = "extended.gz", "groups.gz"
MOST_KEYS = 32
"""Of a group, those from which most of its cells come."""
MOST_GROUPS = 65_535
"""More would not fit; those beyond are of single pixels and are not shown."""


@dataclass(frozen=True)
class ExtendTask(Task):
    """Extends the labels of one image.

    Attributes:
        model: by which the query was made.
        calibration: key of the thresholds.
        raster: uint8 (H, W) class ids that are drawn, row by row, compressed by zlib.
    """

    image_id: str
    source: ExtensionSource
    model: Path
    calibration: str
    raster: bytes = field(repr=False)

    def run(self, tools: Tools) -> None:
        """See `Task.run`."""

        def write(folder: Path) -> dict[str, Any]:
            entry = calibrated(tools, self.calibration, self.source, self.model)
            thresholds = read_calibration(entry).thresholds
            raster = np.frombuffer(zlib.decompress(self.raster), np.uint8).reshape(self.size)
            taken, origin_NC, config = self._extended(tools, raster, thresholds)
            asked = self._asked()
            found = grouped(taken, origin_NC, raster, asked, config)
            write_raster(folder / FILE, [found.label])
            write_raster(folder / GROUPS, [found.group])
            return {"groups": found.about, "extends": thresholds is not None}

        tools.cache.make(self.key, write)

    def _asked(self) -> list[Rectangle]:
        layout, _ = read_settings(self.source)
        asks = read_query(layout.round(self.source.round_index).query)
        return by_image(asks).get(self.image_id, [])

    def _extended(
        self, tools: Tools, raster: np.ndarray, thresholds: Thresholds | None
    ) -> tuple[np.ndarray, np.ndarray, ExperimentConfig]:
        """uint8 (h, w) labels taken over, 255 elsewhere; int64 (N, C) cells they come from."""
        from raysal.engine.workers.cell_features import image_features
        from raysal.experiment.extend_labels import radius_of
        from raysal.inference.device import default_device
        from raysal.regions.cells import grid_of
        from raysal.regions.extend import extend
        from raysal.regions.origins import origins

        layout, config = read_settings(self.source)
        size, cle = config.data.size, config.cle
        assert cle is not None
        now, _ = as_labelled(self.image_id, raster, self._asked(), size)
        known = self._merged(read_merged(layout.label_folders(self.source.round_index),
                                         {self.image_id}), now)  # fmt: skip
        taken = np.full(size, IGNORE, np.uint8)
        delivered = known.source == ANNOTATOR
        classes = len(config.data.class_names)
        nowhere = np.full((int(np.prod(grid_of(size, cle.cell))), classes), -1)
        if thresholds is None or delivered.all():
            return taken, nowhere, config
        loaded = tools.model(self.model) if cle.features == "lowlevel" else None
        device = default_device()
        pixels = config.data.pixels
        image = decode_image(self.data, size, float("inf"), pixels)
        features = image_features(image, cle, loaded, config.train.precision, device, pixels)
        result = extend(
            features, known.label, delivered, classes, thresholds, cle, radius_of(config)
        )
        new = (result.source == EXTENDED) & (known.source != REFUSED)
        taken[new] = result.label[new]
        origin_NC = origins(features, known.label, delivered, taken, classes, thresholds.beta, cle)
        return taken, origin_NC, config

    def _merged(self, earlier: dict[str, LabelledImage], now: LabelledImage) -> LabelledImage:
        before = earlier.get(self.image_id)
        return now if before is None else merge(before, now)


def extended_key(picture_hash: str, image_id: str, raster_hash: str, calibration: str) -> str:
    """The key of a preview in a cache; that of the calibration says the run and the round."""
    return key_of("extended", VERSION, picture_hash, image_id, raster_hash, calibration)


@dataclass(frozen=True)
class Groups:
    """Extended labels at an image's own size, in groups.

    Attributes:
        label: uint8 (H, W) class ids, 255 where nothing is extended.
        group: uint16 (H, W), 0 where nothing is extended, else the `part`.
        about: the groups, largest first: `part`, counted from 1; `classId`; `pixels` at the own
            size; `keys`, the annotated cells that its labels come from as (row, column, height,
            width), those first from which most of its cells come, at most `MOST_KEYS`.
    """

    label: np.ndarray
    group: np.ndarray
    about: list[dict[str, Any]]


def grouped(
    taken_hw: np.ndarray,
    origin_NC: np.ndarray,
    raster_HW: np.ndarray,
    asked: list[Rectangle],
    config: ExperimentConfig,
) -> Groups:
    """The groups of the labels that were taken over.

    Args:
        taken_hw: uint8, 255 where nothing was.
        origin_NC: of each cell and class, the cell that its labels of the class come from, or -1.
        raster_HW: what is drawn, where nothing is extended to.
        asked: rectangles at the working size; nothing is extended into them.
    """
    from skimage.measure import label as pieces_of

    from raysal.regions.cells import grid_of

    assert config.cle is not None
    size, own, cell = config.data.size, (raster_HW.shape[0], raster_HW.shape[1]), config.cle.cell
    group_hw = pieces_of(taken_hw.astype(np.int32), background=IGNORE, connectivity=1)
    label, group = enlarged(taken_hw, own), enlarged(group_hw.astype(np.int32), own)
    there = (label != IGNORE) & (raster_HW == IGNORE)
    for rectangle in asked:
        row, col, height, width = own_rectangle(rectangle, size, own)
        there[row : row + height, col : col + width] = False
    label[~there], group[~there] = IGNORE, 0
    pixels_G = np.bincount(group.reshape(-1))
    pixels_G[0] = 0
    shown = np.argsort(-pixels_G, kind="stable")[: min(MOST_GROUPS, int((pixels_G > 0).sum()))]
    part_G = np.zeros(len(pixels_G), np.uint16)
    part_G[shown] = np.arange(1, len(shown) + 1)
    part = part_G[group]
    label[part == 0] = IGNORE
    across = grid_of(size, cell)[1]
    about = []
    for number, (old, cells) in enumerate(_cells_of(group_hw, shown, cell, across), 1):
        class_id = int(taken_hw[group_hw == old][0])
        from_cells = origin_NC[cells, class_id]
        keys, counts = np.unique(from_cells[from_cells >= 0], return_counts=True)
        most = keys[np.argsort(-counts, kind="stable")[:MOST_KEYS]].tolist()
        places = [own_rectangle(_cell_rectangle(k, size, cell, across), size, own) for k in most]
        about.append(
            {
                "part": number,
                "classId": class_id,
                "pixels": int(pixels_G[old]),
                "keys": [list(place) for place in places],
            }
        )
    return Groups(label, part, about)


def _cells_of(
    group_hw: np.ndarray, shown: np.ndarray, cell: int, across: int
) -> Iterator[tuple[int, np.ndarray]]:
    """The cells with a pixel of each group; one may have pixels of several."""
    rows, cols = np.nonzero(group_hw)
    cell_P = (rows // cell) * across + cols // cell
    pairs = np.unique(np.stack([group_hw[rows, cols], cell_P]), axis=1)
    starts = np.searchsorted(pairs[0], shown), np.searchsorted(pairs[0], shown, "right")
    for old, start, end in zip(shown.tolist(), *starts, strict=True):
        yield old, pairs[1, start:end]


def enlarged(map_hw: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """A map at (height, width), each pixel from the nearest one; a copy."""
    from PIL import Image

    resized = Image.fromarray(map_hw).resize(size[::-1], Image.Resampling.NEAREST)
    return np.array(resized)


def _cell_rectangle(index: int, size: tuple[int, int], cell: int, across: int) -> Rectangle:
    down, right = divmod(index, across)
    row, col = down * cell, right * cell
    return row, col, min(cell, size[0] - row), min(cell, size[1] - col)
