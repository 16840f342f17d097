"""Decode, resize and encode images and masks.

`raysal.data.pixels` has the rule for each kind of picture, `raysal.data.channels` those for other
channels, `raysal.data.opening` the formats.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import NamedTuple

import numpy as np

from raysal.data.channels import (
    Stored,
    check_inside,
    describe,
    fitted,
    read_stored,
    read_stored_window,
    to_unit,
)
from raysal.data.opening import MAX_MEGAPIXELS, SUFFIXES_OF, check_megapixels, opened
from raysal.data.pixel_format import RGB, PixelFormat
from raysal.data.pixels import (
    as_ids,
    as_rgb,
    check_lossless,
    has_more_frames,
    shown_size,
    upright,
)
from raysal.data.quick import Box, resize_rgb, rgb_of_jpeg, rgb_of_shrunk_jpeg
from raysal.data.tiff import check_lossless_tiff, has_more_pages, is_beyond_pillow, is_tiff
from raysal.data.turning import Window
from raysal.errors import DataError

IGNORE = 255
IMAGE_SUFFIXES = tuple(suffix for suffixes in SUFFIXES_OF.values() for suffix in suffixes)
"""In lower case."""


def decode_image(
    data: bytes,
    size: tuple[int, int] | None,
    max_megapixels: float = MAX_MEGAPIXELS,
    pixels: PixelFormat = RGB,
) -> np.ndarray:
    """Decode an image as it is shown and resize it to `size` (bilinear, antialiased).

    Args:
        data: a file of one of the formats in `raysal.data.opening`.
        size: (height, width) in pixels; None for its own size.
        max_megapixels: larger images are refused.
        pixels: which channels it has, and whether JPEGs may be decoded at a smaller size.

    Returns:
        uint8 (H, W, 3) RGB; float32 (H, W, D) in 0..1 if `pixels` are of another kind.

    Raises:
        ChannelsError: it has other channels than `pixels` says.
        DataError: truncated, damaged, too large, with refused pixels, or not an image.
    """
    if not pixels.is_rgb:
        return _decoded(read_stored(data, pixels.channels, max_megapixels), pixels, size)
    if is_beyond_pillow(data):
        return _decoded(read_stored(data, 1, max_megapixels), pixels, size)
    with opened(data, max_megapixels) as image:
        if pixels.decode == "scaled" and size is not None:
            shrunk_HW3 = rgb_of_shrunk_jpeg(image, size)
            if shrunk_HW3 is not None:
                return shrunk_HW3
        rgb_HW3 = rgb_of_jpeg(image, data)
        if rgb_HW3 is None:
            rgb_HW3 = np.asarray(as_rgb(upright(image, data)))
        return rgb_HW3 if size is None else resize_rgb(rgb_HW3, size)


def read_window(
    source: bytes | Path,
    window: Window,
    max_megapixels: float = MAX_MEGAPIXELS,
    pixels: PixelFormat = RGB,
) -> np.ndarray:
    """A window of an image at its own size, as `decode_image` gives the whole.

    Of a TIFF, only the tiles and strips in the window are read and decoded, so that its size does
    not matter; other formats are decoded whole. `raysal.data.channels.describe` tells the size and
    the channels of an image without decoding it.

    Args:
        source: an image file, or its bytes.
        window: row, column, height and width in pixels, as the image is shown.
        max_megapixels: larger windows are refused, and other images than TIFFs that are larger.

    Raises:
        DataError: as for `decode_image`, or the window is not inside the image.
    """
    channels = 1 if pixels.is_rgb else pixels.channels
    data = source if isinstance(source, bytes) else None
    if data is None and isinstance(source, Path):
        with source.open("rb") as file:
            tiff = is_tiff(file.read(4))
        data = None if tiff else source.read_bytes()
    if data is not None and not is_tiff(data):
        whole = decode_image(data, None, max_megapixels, pixels)
        check_inside(window, (whole.shape[0], whole.shape[1]))
        row, col, height, width = window
        return whole[row : row + height, col : col + width]
    return _decoded(read_stored_window(source, window, channels, max_megapixels), pixels, None)


def _decoded(stored: Stored, pixels: PixelFormat, size: tuple[int, int] | None) -> np.ndarray:
    """Resized, one channel at a time: float32 of a whole image would take the most memory."""
    values_HWD = fitted(stored, pixels)
    if pixels.is_rgb:
        eight = values_HWD if values_HWD.dtype == np.uint8 else values_HWD >> 8
        rgb = np.ascontiguousarray(eight.astype(np.uint8))
        return rgb if size is None else resize_image(rgb, size)
    if size is None or values_HWD.shape[:2] == tuple(size):
        return to_unit(values_HWD, pixels)
    out = np.empty((*size, values_HWD.shape[2]), np.float32)
    for channel in range(values_HWD.shape[2]):
        out[..., channel] = _resize_plane(to_unit(values_HWD[..., channel], pixels), size)
    return out


class Examined(NamedTuple):
    """What decoding a whole image shows: its size in pixels, as shown, and whether more follow."""

    height: int
    width: int
    has_more_frames: bool


def examine(
    data: bytes, max_megapixels: float = MAX_MEGAPIXELS, pixels: PixelFormat | None = None
) -> Examined:
    """Decode the whole image, so that damage is found.

    Args:
        pixels: which channels it should have; None for any.

    Raises:
        ChannelsError: it has other channels.
        DataError: as for `decode_image`.
    """
    by_pillow = pixels is None or pixels.is_rgb
    if not by_pillow or is_beyond_pillow(data):
        wanted = 1 if pixels is None or pixels.is_rgb else pixels.channels
        stored = read_stored(data, wanted, max_megapixels)
        if pixels is not None:
            fitted(stored, pixels)
        height, width = stored.values_HWD.shape[:2]
        return Examined(height, width, is_tiff(data) and has_more_pages(data, wanted))
    with opened(data, max_megapixels) as image:
        rgb = as_rgb(upright(image, data))
        height, width = rgb.height, rgb.width
        return Examined(height, width, has_more_frames(image))


def image_size(
    data: bytes, max_megapixels: float = MAX_MEGAPIXELS, pixels: PixelFormat | None = None
) -> tuple[int, int]:
    """(height, width) as shown; see `examine`."""
    return examine(data, max_megapixels, pixels)[:2]


def header_size(data: bytes, max_megapixels: float = MAX_MEGAPIXELS) -> tuple[int, int]:
    """(height, width) as shown, from the file's header; no pixel is decoded.

    A PNG with metadata that may hold an orientation is decoded: it may come after the pixels.

    Raises:
        DataError: not an image, or a too large one.
    """
    if is_beyond_pillow(data):
        found = describe(data)
        check_megapixels(found.height, found.width, max_megapixels)
        return found.height, found.width
    with opened(data, max_megapixels) as image:
        return shown_size(image, data)


def decode_mask(data: bytes, max_megapixels: float = MAX_MEGAPIXELS) -> np.ndarray:
    """Class ids as stored: uint8 (H, W) of a grey or palette image, turned as it is shown.

    Raises:
        DataError: damaged, with more than one channel, or with ids outside 0..255.
    """
    if is_beyond_pillow(data):
        ids = _ids_of_tiff(data, max_megapixels)
    else:
        with opened(data, max_megapixels) as image:
            ids = as_ids(upright(image, data), data)
    if ids.size and (ids.min() < 0 or ids.max() > IGNORE):
        wrong = ids.min() if ids.min() < 0 else ids.max()
        raise DataError(
            f"class id {int(wrong)} is outside 0..255; at most 255 classes are possible, with ids "
            "0..254 (255 = ignore)"
        )
    return ids.astype(np.uint8)


def _ids_of_tiff(data: bytes, max_megapixels: float) -> np.ndarray:
    stored = read_stored(data, 1, max_megapixels)
    if (channels := stored.values_HWD.shape[2]) != 1:
        raise DataError(f"a mask must have one channel of class ids, this one has {channels}")
    return stored.values_HWD[..., 0]


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
    if is_beyond_pillow(data):
        check_lossless_tiff(data)
        return
    with opened(data, float("inf")) as image:
        check_lossless(image, data)


def resize_image(image: np.ndarray, size: tuple[int, int], box: Box | None = None) -> np.ndarray:
    """Bilinear, antialiased resize to (height, width) of a uint8 (H, W, 3) image, or of a float32
    (H, W, D) one, each channel by itself.

    Args:
        box: left, top, right and bottom of the part that becomes the result; None for all.
    """
    if box == (0, 0, image.shape[1], image.shape[0]):
        box = None
    if box is None and image.shape[:2] == tuple(size):
        return image
    if image.dtype == np.float32:
        planes = [_resize_plane(image[..., d], size, box) for d in range(image.shape[2])]
        return np.stack(planes, -1)
    if box is None:
        return resize_rgb(image, size)
    from PIL import Image

    picture = Image.fromarray(np.ascontiguousarray(image))
    return np.asarray(picture.resize(size[::-1], Image.Resampling.BILINEAR, box))


def _resize_plane(
    plane_HW: np.ndarray, size: tuple[int, int], box: Box | None = None
) -> np.ndarray:
    from PIL import Image

    plane = Image.fromarray(np.ascontiguousarray(plane_HW))
    return np.asarray(plane.resize(size[::-1], Image.Resampling.BILINEAR, box))


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
