"""Scenes of 96 x 96 pixels that are read in tiles of 48, and models that read them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import tifffile
from PIL import Image

from raysal.data.pool.pool import Pool
from raysal.data.pool.sources import Source
from raysal.data.pool.writer import write_pool
from raysal.data.tiles import TileConfig
from raysal.models.build import build_model
from raysal.models.checkpoint import FILE, save_model
from raysal.models.config import ModelConfig
from tests.support.shallow_network import SHALLOW

SCENE, TILE = (96, 96), (48, 48)
CLASSES = ("a", "b", "c", "d")
PALETTE = ((0, 0, 0), (90, 0, 0), (0, 90, 0), (0, 0, 90))


def photo(seed: int, size: tuple[int, int] = SCENE) -> np.ndarray:
    """uint8 (H, W, 3): smooth colours."""
    small = np.random.default_rng(seed).integers(0, 256, (9, 9, 3), dtype=np.uint8)
    return np.asarray(Image.fromarray(small).resize(size[::-1], Image.Resampling.BICUBIC))


def save_tiff(path: Path, pixels: np.ndarray) -> Path:
    """A TIFF in tiles."""
    path.parent.mkdir(parents=True, exist_ok=True)
    tifffile.imwrite(path, pixels, photometric="rgb", tile=(32, 32), compression="zlib")
    return path


def pool_of(folder: Path, photos: dict[str, np.ndarray], named: bool = False) -> Pool:
    """A pool of TIFF files that it holds, or names."""
    files = {i: save_tiff(folder / f"{i}.tif", pixels) for i, pixels in photos.items()}
    sources = [
        Source(i, path.read_bytes, str(path) if named else None, path if named else None)
        for i, path in files.items()
    ]
    return write_pool(sources, str(folder / "pool"), row_group_images=2)


def save_reader(
    folder: Path,
    tile: TileConfig | None = None,
    size: tuple[int, int] = SCENE,
    network: dict[str, object] | None = None,
) -> Path:
    """A model with random weights and every branch, which reads tiles, or images of `size`."""
    config = ModelConfig.model_validate(
        {**(network or SHALLOW), "channel_dropout": 0.25, "rating_stages": "four"}
    ).resolved(frozenset({"difficulty"}))
    model = build_model(config, len(CLASSES), seed=3)
    folder.mkdir(parents=True)
    save_model(folder / FILE, model, CLASSES, PALETTE, size, (4, 3, 2, 1), tile)
    return folder
