"""Cloudy noise, from which the street scenes make clouds and rough surfaces."""

from __future__ import annotations

from functools import cache

import numpy as np
from PIL import Image

from raysal.data.sets.streets.types import Pixels

SIDE = 256


@cache
def noise_tile() -> Pixels:
    """(256, 256) noise around zero, the same in every scene."""
    generator = np.random.Generator(np.random.PCG64(7))
    total = np.zeros((SIDE, SIDE), dtype=np.float32)
    for cells, weight in ((4, 0.5), (16, 0.5), (64, 0.7), (128, 0.7), (SIDE, 0.6)):
        octave = Image.fromarray(generator.random((cells, cells), dtype=np.float32) * 2 - 1)
        wide = octave.resize((SIDE, SIDE), Image.Resampling.BICUBIC)
        total += np.float32(weight) * np.asarray(wide)
    return total / np.float32(1.2)


def stretched_noise(box: tuple[float, float, float, float], width: int, height: int) -> Pixels:
    """(height, width) noise: the part of the tile in `box` (left, top, right, bottom), resized."""
    tile = Image.fromarray(noise_tile())
    return np.asarray(tile.resize((width, height), Image.Resampling.BILINEAR, box=box))
