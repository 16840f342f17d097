"""Small data sets of other fields, in the layouts of `configs/cells.yaml` and `tiles.yaml`."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from raysal.data.decode import encode_png
from tests.support.channel_files import tiff

SIDE = 32


def make_cells(root: Path, images: int) -> None:
    """Grey TIFFs of 12 bits in 16, every second one in tiles: bright discs with a dim border."""
    rows, cols = np.mgrid[:SIDE, :SIDE]
    for number in range(images):
        rng = np.random.default_rng(number)
        distance = np.hypot(rows - rng.integers(8, 24), cols - rng.integers(8, 24))
        mask = np.where(distance < 6, 1, np.where(distance < 8, 2, 0)).astype(np.uint8)
        image = np.array([300, 3000, 1500])[mask] + rng.integers(-200, 200, mask.shape)
        layout = {"tile": (16, 16), "compression": "lzw"} if number % 2 else {}
        _write(root, number, image.astype(np.uint16)[..., None], mask, **layout)


def make_tiles(root: Path, images: int) -> None:
    """TIFFs of four bands, every second one stored band by band: stripes of five classes."""
    bands = np.random.default_rng(0).integers(200, 2800, (5, 4))
    for number in range(images):
        rng = np.random.default_rng(number)
        line = (np.arange(SIDE) * 5 // SIDE + number) % 5
        mask = np.tile(line, (SIDE, 1)).astype(np.uint8)
        image = bands[mask] + rng.integers(-150, 150, (SIDE, SIDE, 4))
        layout = {"planarconfig": "separate"} if number % 2 else {"tile": (16, 16)}
        _write(root, number, image.astype(np.uint16), mask, **layout)


def _write(
    root: Path, number: int, image_HWD: np.ndarray, mask: np.ndarray, **layout: object
) -> None:
    for folder in ("images", "masks"):
        (root / folder).mkdir(parents=True, exist_ok=True)
    (root / "images" / f"{number:03d}.tif").write_bytes(tiff(image_HWD, **layout))
    (root / "masks" / f"{number:03d}.png").write_bytes(encode_png(mask))
