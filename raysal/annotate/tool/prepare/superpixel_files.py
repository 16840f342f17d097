"""Superpixels on disk: a raster per grain for the page, and the graph for scribbles."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from raysal.annotate.tool.prepare.cache import Cache, Entry, key_of
from raysal.annotate.tool.prepare.files import read_raster, write_raster
from raysal.annotate.tool.prepare.graph import Adjacency
from raysal.annotate.tool.prepare.superpixels import GRAINS, Grain, Superpixels, superpixels
from raysal.annotate.tool.prepare.task import Task, Tools, seen
from raysal.data.pixel_format import RGB, PixelFormat

VERSION = 1
_BLOCKS, _GRAPH = "blocks.gz", "graph.npz"


@dataclass(frozen=True)
class SuperpixelTask(Task):
    """Computes the superpixels of a picture.

    Attributes:
        pixels: its channels, and which of them are shown.
    """

    pixels: PixelFormat = RGB

    def run(self, tools: Tools) -> None:
        """See `Task.run`."""
        make_superpixels(tools.cache, self.key, self.data, self.size, self.pixels)


def superpixel_key(picture_hash: str, pixels: PixelFormat = RGB) -> str:
    """The key of a picture's superpixels in a cache: they depend on what is shown of it."""
    shown = () if pixels == RGB else (pixels.channels, pixels.show)
    return key_of("superpixels", VERSION, picture_hash, *shown)


def make_superpixels(
    cache: Cache, key: str, data: bytes, size: tuple[int, int], pixels: PixelFormat = RGB
) -> Entry:
    """The superpixels of an encoded picture, computed unless they are there.

    Raises:
        DataError: it cannot be read, or has another size.
    """

    def write(folder: Path) -> dict[str, Any]:
        return _write(folder, superpixels(seen(data, size, pixels)))

    return cache.make(key, write)


def grain_file(grain: Grain) -> str:
    """The file of a grain's raster, uint32 (H, W)."""
    return f"{grain}.gz"


def read_superpixels(entry: Entry) -> Superpixels:
    """What a result holds."""
    about = entry.about
    size, block = tuple(about["size"]), about["block"]
    of = (-(-size[0] // block), -(-size[1] // block))
    fine = _BLOCKS if block > 1 else grain_file("fine")
    with np.load(entry.file(_GRAPH)) as arrays:
        return Superpixels(
            (size[0], size[1]),
            block,
            read_raster(entry.file(fine), of, "<u4"),
            {grain: arrays[grain] for grain in GRAINS},
            arrays["lab"],
            arrays["area"],
            Adjacency(arrays["one"], arrays["other"], arrays["length"]),
        )


def _write(folder: Path, found: Superpixels) -> dict[str, Any]:
    for grain in GRAINS:
        write_raster(folder / grain_file(grain), found.strips(grain))
    if found.block > 1:
        write_raster(folder / _BLOCKS, [found.fine_yx.astype(np.uint32)])
    arrays: dict[str, Any] = {
        **{str(grain): parent_N for grain, parent_N in found.parents.items()},
        "lab": found.lab_N3,
        "area": found.area_N,
        "one": found.edges.one_E,
        "other": found.edges.other_E,
        "length": found.edges.length_E,
    }
    np.savez(folder / _GRAPH, **arrays)
    counts = {grain: {"count": found.count(grain)} for grain in GRAINS}
    return {"size": list(found.size), "block": found.block, "grains": counts}
