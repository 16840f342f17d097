"""Maps of classes, errors and labels as pictures: uint8 (H, W, 3)."""

from __future__ import annotations

import numpy as np

from raysal.data.decode import IGNORE
from raysal.report.draw.style import RIGHT, UNKNOWN, WRONG

RGB = tuple[int, int, int]

LONGEST_TITLE = 90
# Common palettes do not use white, but some have grey or black classes.
UNLABELLED: RGB = (255, 255, 255)
# How much the image behind labels is brightened, 0 to 1.
DIMMED = 0.55
HATCHES = 24
HATCH_TONE = 0.87


def rgb(tone: str) -> RGB:
    """Convert `#rrggbb` to numbers."""
    return int(tone[1:3], 16), int(tone[3:5], 16), int(tone[5:7], 16)


def colour(ids: np.ndarray, palette: tuple[RGB, ...]) -> np.ndarray:
    """A (H, W) class map in the colours of its classes, white where it is 255."""
    table = np.empty((256, 3), np.uint8)
    table[:] = UNLABELLED
    table[: len(palette)] = palette
    return table[ids]


def errors(prediction: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Wrong pixels orange, right ones pale blue, grey where the truth is unknown (255)."""
    picture = np.where((prediction != truth)[..., None], rgb(WRONG), rgb(RIGHT))
    picture[truth == IGNORE] = rgb(UNKNOWN)
    return picture.astype(np.uint8)


def dimmed(image: np.ndarray, by: float = DIMMED) -> np.ndarray:
    """The image in pale grey, so that colours on it stand out."""
    grey = image.mean(-1, keepdims=True)
    return np.repeat(255 - (1 - by) * (255 - grey), 3, axis=-1).astype(np.uint8)


def hatched(image: np.ndarray) -> np.ndarray:
    """The image with thin darker lines, which mean that it is unlabelled."""
    rows, cols = np.indices(image.shape[:2])
    period = max(4, image.shape[1] // HATCHES)
    line = (rows + cols) % period < max(1, period // 8)
    return np.where(line[..., None], image * HATCH_TONE, image).astype(np.uint8)


def legend_name(class_name: str) -> str:
    """A class name that matplotlib shows: it hides those that begin with an underscore."""
    return class_name.lstrip("_") or "(no name)"


def short_id(image_id: str) -> str:
    """The id, shortened in the middle if it is too long for a title."""
    half = LONGEST_TITLE // 2
    long = len(image_id) > LONGEST_TITLE
    return f"{image_id[:half]} … {image_id[-half:]}" if long else image_id
