"""Decode, resize and encode images and masks.

Pillow is imported when an image is decoded: the settings of data sets are read without it.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np

from raysal.errors import DataError

if TYPE_CHECKING:
    from PIL import Image

IGNORE = 255
IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png")


def decode_image(data: bytes, size: tuple[int, int]) -> np.ndarray:
    """Decode an image and resize it to `size` (bilinear, antialiased).

    Args:
        data: a JPEG or PNG file.
        size: (height, width) in pixels.

    Returns:
        uint8 (H, W, 3) RGB.

    Raises:
        DataError: truncated, damaged, or not an image.
    """
    from PIL import Image

    with _open(data) as image:
        return np.asarray(
            _loaded(image.convert, "RGB").resize(size[::-1], Image.Resampling.BILINEAR)
        )


def image_size(data: bytes) -> tuple[int, int]:
    """(height, width); decodes the whole image, so that truncated files are found.

    Raises:
        DataError: truncated, damaged, or not an image.
    """
    with _open(data) as image:
        _loaded(image.load)
        return image.height, image.width


def header_size(data: bytes) -> tuple[int, int]:
    """(height, width) from the header of the file; nothing is decoded.

    Raises:
        DataError: not an image.
    """
    with _open(data) as image:
        return image.height, image.width


def decode_mask(data: bytes) -> np.ndarray:
    """Decode a grey or palette image of class ids: uint8 (H, W).

    Raises:
        DataError: damaged, with more than one channel, or with ids outside 0..255.
    """
    with _open(data) as image:
        if image.mode not in ("L", "P", "1", "I", "I;16"):
            raise DataError(f"a mask must have one channel of class ids, this one is {image.mode}")
        _loaded(image.load)
        ids = np.asarray(image)
    if ids.size and (ids.min() < 0 or ids.max() > IGNORE):
        raise DataError(f"class id {int(ids.max())} is outside 0..255")
    return ids.astype(np.uint8)


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


def _open(data: bytes) -> Image.Image:
    from PIL import Image

    try:
        return Image.open(io.BytesIO(data))
    except MemoryError:
        raise
    except Exception as error:  # On damaged files Pillow raises errors of almost any type.
        raise DataError(f"not a readable image ({_reason(error)})") from error


def _loaded(load, *args):  # type: ignore[no-untyped-def]
    """Call a Pillow method that decodes; any error that it raises becomes a DataError."""
    try:
        return load(*args)
    except MemoryError:
        raise
    except Exception as error:
        raise DataError(f"truncated or damaged image ({_reason(error)})") from error


def _reason(error: Exception) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__
