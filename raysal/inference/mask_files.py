"""Files of predictions: masks of class ids, and pictures under the colours of their classes.

Both carry a mark of raysal, so that a file of somebody else, or a mask that was corrected by hand,
is never overwritten.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from math import inf
from pathlib import Path

import numpy as np

from raysal.data.answers import raster_hash
from raysal.data.opening import opened
from raysal.errors import DataError, RunError
from raysal.storage.atomic import write_bytes

MASK_SUFFIX, OVERLAY_SUFFIX = ".png", ".jpg"
_MARK = "raysal-prediction"
_QUALITY = 90
# Of a JPEG.
_MAX_SIDE = 65_500
_ROWS = 256

Palette = Sequence[tuple[int, int, int]]


def write_mask(path: Path, ids_HW: np.ndarray) -> None:
    """Write class ids, uint8 (H, W), as a grey PNG, atomically.

    Raises:
        RunError: there is a file of this name that is not a mask of raysal as it was written.
        OSError: no space, no permission.
    """
    _check_ours(path, "a mask of raysal as it was written", _is_mask)
    _write(path, encode_mask(ids_HW))


def write_overlay(
    path: Path, picture_HW3: np.ndarray, ids_HW: np.ndarray, palette: Palette
) -> None:
    """Write a picture, half covered by the colours of its classes, as a JPEG, atomically.

    Raises:
        RunError: there is a file of this name that is not an overlay of raysal.
        OSError: no space, no permission.
    """
    _check_ours(path, "an overlay of raysal", _is_overlay)
    _write(path, encode_overlay(picture_HW3, ids_HW, palette))


def encode_mask(ids_HW: np.ndarray) -> bytes:
    """A grey PNG with the hash of its pixels in a text chunk."""
    from PIL import Image, PngImagePlugin

    chunks = PngImagePlugin.PngInfo()
    chunks.add_text(_MARK, raster_hash(ids_HW))
    buffer = io.BytesIO()
    Image.fromarray(ids_HW).save(buffer, format="PNG", compress_level=3, pnginfo=chunks)
    return buffer.getvalue()


def encode_overlay(picture_HW3: np.ndarray, ids_HW: np.ndarray, palette: Palette) -> bytes:
    """A JPEG of the picture with the colours of its classes mixed in, half and half.

    Of pictures with more than 65,500 pixels to a side, only every second pixel is shown, and so on.
    """
    from PIL import Image

    step = -(-max(ids_HW.shape) // _MAX_SIDE)
    picture_HW3, ids_HW = picture_HW3[::step, ::step], ids_HW[::step, ::step]
    colours = np.zeros((256, 3), np.uint16)
    colours[: len(palette)] = palette
    mixed_HW3 = np.empty(picture_HW3.shape, np.uint8)
    for start in range(0, len(ids_HW), _ROWS):
        rows = slice(start, start + _ROWS)
        mixed_HW3[rows] = (picture_HW3[rows] + colours[ids_HW[rows]]) // 2
    buffer = io.BytesIO()
    Image.fromarray(mixed_HW3).save(buffer, format="JPEG", quality=_QUALITY, comment=_MARK)
    return buffer.getvalue()


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    # One that is lost in a power cut is written again with its part.
    write_bytes(path, data, sync_folder=False)


def _check_ours(path: Path, what: str, is_ours: Callable[[bytes], bool]) -> None:
    if path.exists() and not is_ours(path.read_bytes()):
        raise RunError(f"{path} would be overwritten, but is not {what}; move it elsewhere")


def _is_mask(data: bytes) -> bool:
    try:
        with opened(data, inf) as image:
            return bool(image.info.get(_MARK) == raster_hash(np.asarray(image)))
    except DataError:
        return False


def _is_overlay(data: bytes) -> bool:
    try:
        with opened(data, inf) as image:
            return bool(image.info.get("comment") == _MARK.encode())
    except DataError:
        return False
