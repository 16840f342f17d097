"""Decode, resize and encode images and masks.

`raysal.data.pixels` has the rule for each kind of pixels, `raysal.data.opening` the formats.
"""

from __future__ import annotations

import io
from typing import NamedTuple

import numpy as np

from raysal.data.opening import MAX_MEGAPIXELS, SUFFIXES_OF, opened
from raysal.data.pixels import (
    as_ids,
    as_rgb,
    check_lossless,
    has_more_frames,
    shown_size,
    upright,
)
from raysal.errors import DataError

IGNORE = 255
IMAGE_SUFFIXES = tuple(suffix for suffixes in SUFFIXES_OF.values() for suffix in suffixes)
"""In lower case."""


def decode_image(
    data: bytes, size: tuple[int, int] | None, max_megapixels: float = MAX_MEGAPIXELS
) -> np.ndarray:
    """Decode an image as it is shown and resize it to `size` (bilinear, antialiased).

    Args:
        data: a file of one of the formats in `raysal.data.opening`.
        size: (height, width) in pixels; None for its own size.
        max_megapixels: larger images are refused.

    Returns:
        uint8 (H, W, 3) RGB.

    Raises:
        DataError: truncated, damaged, too large, with refused pixels, or not an image.
    """
    from PIL.Image import Resampling

    with opened(data, max_megapixels) as image:
        rgb = as_rgb(upright(image, data))
        return np.asarray(rgb if size is None else rgb.resize(size[::-1], Resampling.BILINEAR))


class Examined(NamedTuple):
    """What decoding a whole image shows: its size in pixels, as shown, and whether more follow."""

    height: int
    width: int
    has_more_frames: bool


def examine(data: bytes, max_megapixels: float = MAX_MEGAPIXELS) -> Examined:
    """Decode the whole image, so that damage is found.

    Raises:
        DataError: as for `decode_image`.
    """
    with opened(data, max_megapixels) as image:
        rgb = as_rgb(upright(image, data))
        height, width = rgb.height, rgb.width
        return Examined(height, width, has_more_frames(image))


def image_size(data: bytes, max_megapixels: float = MAX_MEGAPIXELS) -> tuple[int, int]:
    """(height, width) as shown; see `examine`."""
    return examine(data, max_megapixels)[:2]


def header_size(data: bytes, max_megapixels: float = MAX_MEGAPIXELS) -> tuple[int, int]:
    """(height, width) as shown, from the file's header; no pixel is decoded.

    A PNG with metadata that may hold an orientation is decoded: it may come after the pixels.

    Raises:
        DataError: not an image, or a too large one.
    """
    with opened(data, max_megapixels) as image:
        return shown_size(image, data)


def decode_mask(data: bytes, max_megapixels: float = MAX_MEGAPIXELS) -> np.ndarray:
    """Class ids as stored: uint8 (H, W) of a grey or palette image, turned as it is shown.

    Raises:
        DataError: damaged, with more than one channel, or with ids outside 0..255.
    """
    with opened(data, max_megapixels) as image:
        ids = as_ids(upright(image, data), data)
    if ids.size and (ids.min() < 0 or ids.max() > IGNORE):
        raise DataError(f"class id {int(ids.max())} is outside 0..255")
    return ids.astype(np.uint8)


def decode_colours(data: bytes, max_megapixels: float = MAX_MEGAPIXELS) -> np.ndarray:
    """The colours of a mask, by the same rules as a picture's: uint8 (H, W, 3).

    Raises:
        DataError: as for `decode_image`.
    """
    return decode_image(data, None, max_megapixels)


def refuse_lossy(data: bytes) -> None:
    """Check the format of a mask that somebody else has made; its pixels are not decoded.

    Raises:
        DataError: no image, or of a format that changes ids.
    """
    with opened(data, float("inf")) as image:
        check_lossless(image, data)


def resize_image(image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Bilinear, antialiased resize of a uint8 (H, W, 3) image to (height, width)."""
    if image.shape[:2] == tuple(size):
        return image
    from PIL import Image

    return np.asarray(Image.fromarray(image).resize(size[::-1], Image.Resampling.BILINEAR))


def resize_mask(mask: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Nearest-neighbour resize of a uint8 (H, W) id map to (height, width)."""
    if mask.shape == tuple(size):
        return mask
    from PIL import Image

    return np.asarray(Image.fromarray(mask).resize(size[::-1], Image.Resampling.NEAREST))


def encode_png(array: np.ndarray) -> bytes:
    """PNG bytes of a uint8 (H, W) or (H, W, 3) array."""
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(array).save(buffer, format="PNG", compress_level=3)
    return buffer.getvalue()


def encode_jpeg(array: np.ndarray, quality: int = 95) -> bytes:
    """JPEG bytes of a uint8 (H, W, 3) array."""
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(array).save(buffer, format="JPEG", quality=quality)
    return buffer.getvalue()
