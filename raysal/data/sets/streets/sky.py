"""The sky of a street scene."""

from __future__ import annotations

import numpy as np

from raysal.data.sets.streets.dice import Dice
from raysal.data.sets.streets.light import Light
from raysal.data.sets.streets.texture import stretched_noise
from raysal.data.sets.streets.types import Bytes


def draw_sky(light: Light, dice: Dice, size: tuple[int, int], horizon: int) -> Bytes:
    """The sky with its clouds down to row `horizon`, mist below it.

    Returns:
        uint8 (H, W, 3) RGB of `size` (height, width).
    """
    height, width = size
    fall = np.linspace(0, 1, max(horizon, 2), dtype=np.float32)[: max(horizon, 1), None, None]
    top, low = (np.asarray(c, dtype=np.float32) for c in (light.zenith, light.skyline))
    left, up = dice.between(0, 120), dice.between(0, 120)
    flat = dice.between(0.35, 0.8)
    cloud = stretched_noise((left, up, left + 60, up + 60 * flat), width, len(fall))
    share = np.clip((cloud + np.float32(dice.between(-0.5, 0.5))) * light.clouds, 0, 0.9)
    share = share[..., None] * (1 - fall * fall * np.float32(0.6))
    white = np.minimum(low + 24, 250)
    rows = top + (low - top) * np.sqrt(fall)
    picture = np.empty((height, width, 3), dtype=np.uint8)
    picture[len(fall) :] = np.clip(low, 0, 255).astype(np.uint8)
    picture[: len(fall)] = np.clip(rows + (white - rows) * share, 0, 255).astype(np.uint8)
    return picture
