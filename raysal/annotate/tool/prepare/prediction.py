"""What the model predicts: the class of every pixel, and the mean probabilities of superpixels.

The classes are those of `raysal predict`. Probabilities are averaged in the same pass, a strip of
the picture at a time, so that memory does not grow with its size.

Axes in names: C classes, N superpixels, H W own size, R rows of a strip.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from raysal.annotate.tool.prepare.cache import Entry, key_of
from raysal.annotate.tool.prepare.files import write_raster
from raysal.annotate.tool.prepare.superpixel_files import (
    make_superpixels,
    read_superpixels,
)
from raysal.annotate.tool.prepare.superpixels import GRAINS, Grain, Superpixels
from raysal.annotate.tool.prepare.task import Task, Tools, decoded
from raysal.data.pixel_format import RGB, PixelFormat
from raysal.inference.precision import Precision

VERSION = 1
FILE = "prediction.gz"
_MEANS = "means.npz"


@dataclass(frozen=True)
class PredictionTask(Task):
    """Predicts a picture.

    Attributes:
        superpixels: key of its superpixels, which are computed if the cache has lost them.
        pixels: see `SuperpixelTask`.
    """

    superpixels: str
    model: Path
    precision: Precision
    pixels: PixelFormat = RGB

    def run(self, tools: Tools) -> None:
        """See `Task.run`."""
        if tools.cache.find(self.key) is not None:
            return
        entry = make_superpixels(tools.cache, self.superpixels, self.data, self.size, self.pixels)
        graph = read_superpixels(entry)

        def write(folder: Path) -> dict[str, Any]:
            return self._write(folder, graph, tools)

        tools.cache.make(self.key, write)

    def _write(self, folder: Path, graph: Superpixels, tools: Tools) -> dict[str, Any]:
        import torch
        from torch import Tensor

        from raysal.inference.own_size import predict_picture

        loaded = tools.model(self.model)
        picture, width = decoded(self.data, self.size, loaded.pixels), self.size[1]
        sums_CN = np.zeros((len(loaded.class_names), len(graph.area_N)))
        col_W = np.arange(width) // graph.block

        def add(rows: slice, cols: slice, logits_CRW: Tensor) -> None:
            row_R = np.arange(rows.start, rows.stop) // graph.block
            ids_RW = graph.fine_yx[row_R[:, None], col_W[cols]].astype(np.int64)
            ids = torch.from_numpy(ids_RW.reshape(-1)).to(logits_CRW.device)
            strip_CN = torch.zeros(sums_CN.shape, device=logits_CRW.device)
            strip_CN.index_add_(1, ids, logits_CRW.softmax(0).flatten(1))
            np.add(sums_CN, strip_CN.cpu().numpy(), out=sums_CN)

        found = predict_picture(loaded, picture, self.precision, add)
        write_raster(folder / FILE, [found.ids])
        means: dict[str, Any] = {**mean_probabilities(sums_CN, graph.parents)}
        np.savez(folder / _MEANS, **means)
        return {"confidence": found.confidence, "shares": list(found.shares)}


def prediction_key(
    picture_hash: str, model_hash: str, precision: Precision, pixels: PixelFormat = RGB
) -> str:
    """The key of a picture's prediction, with the means of its superpixels, in a cache."""
    shown = () if pixels == RGB else (pixels.channels, pixels.show)
    return key_of("prediction", VERSION, picture_hash, model_hash, precision, *shown)


def mean_probabilities(
    sums_CN: np.ndarray, parents: dict[Grain, np.ndarray]
) -> dict[str, np.ndarray]:
    """For each grain, float32 (n, C) mean probabilities of its superpixels.

    Args:
        sums_CN: sums over the pixels of the fine ones.
        parents: see `Superpixels`.
    """
    means: dict[str, np.ndarray] = {}
    for grain in GRAINS:
        of = int(parents[grain].max()) + 1
        sums = np.stack([np.bincount(parents[grain], row_N, of) for row_N in sums_CN], 1)
        means[grain] = (sums / sums.sum(1, keepdims=True)).astype(np.float32)
    return means


def read_means(entry: Entry, grain: Grain) -> np.ndarray:
    """float32 (N, C) mean class probabilities of the superpixels of a grain."""
    with np.load(entry.file(_MEANS)) as arrays:
        means: np.ndarray = arrays[grain]
        return means
