"""Images by channels: any number from 1 to 16, of 8 or 16 bits, with the numbers that are stored.

`raysal.data.pixels` says how files become RGB pictures, which is what `data.channels: 3` without
`data.range` asks for. With other settings:

| stored                        | channels                                                         |
|-------------------------------|------------------------------------------------------------------|
| grey, 8 or 16 bits            | 1, as stored                                                     |
| grey, 1, 2 or 4 bits          | 1, spread to 0..255                                              |
| whole numbers of 32 bits      | as 16 bits; outside of 0..65535 refused                          |
| grey TIFF in which 0 is white | 1, inverted                                                      |
| palette                       | 3: the palette's colours; its transparency is dropped            |
| RGB, 8 or 16 bits             | 3, as stored                                                     |
| YCbCr (JPEG, TIFF), CMYK      | 3: converted to RGB                                              |
| with alpha                    | alpha is the last channel if the settings count it, else dropped |
| TIFF with D samples per pixel | D, as stored, planar or interleaved                              |
| TIFF of D grey pages          | D, if all pages have one size and type; otherwise the first page |
| floating point, LAB, HSV      | refused                                                          |

A grey image also serves where 3 channels are wanted: three times the same. Values become float32
by `data.range`, those outside of it 0 or 1. Axes in names: H W pixels, D channels.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np

from raysal.data.opening import MAX_MEGAPIXELS, opened
from raysal.data.pixel_format import PixelFormat
from raysal.data.pixels import DEEP, EIGHT_BITS, as_rgb, orientation, shown_size, upright
from raysal.data.tiff import (
    CMYK,
    PALETTE,
    WHITE_IS_ZERO,
    YCBCR,
    Header,
    header_of,
    is_tiff,
    opened_tiff,
    plane_pages,
    read_page,
    read_page_window,
)
from raysal.data.turning import Window, stored_window, turned
from raysal.data.turning import shown_size as turned_size
from raysal.errors import ChannelsError, DataError

MANY_CHANNELS = {"LA": 2, "RGB": 3, "RGBA": 4, "RGBX": 4, "P": 3, "PA": 3, "CMYK": 3, "YCbCr": 3}
# Colour types of PNG that Pillow reads with 8 bits, whatever they have.
DEEP_PNG = (2, 4, 6)


class Described(NamedTuple):
    """What the header of an image file says; no pixel is decoded.

    Attributes:
        height, width: as shown.
        channels: as in the table above, alpha included.
        bits: of one number: 8 or 16, also if fewer are used.
        alpha: whether the last channel is alpha.
    """

    height: int
    width: int
    channels: int
    bits: int
    alpha: bool


class Stored(NamedTuple):
    """Pixels as they are stored, upright.

    Attributes:
        values_HWD: uint8 or uint16.
        alpha: whether the last channel is alpha.
    """

    values_HWD: np.ndarray
    alpha: bool


def describe(source: bytes | Path, channels: int = 1) -> Described:
    """Size and channels of an image file; of a TIFF, those of its first page.

    Args:
        channels: how many are wanted; a TIFF of so many grey pages is one image.

    Raises:
        DataError: no image, a damaged one, or with pixels that are not read.
    """
    data = _beginning(source)
    if is_tiff(data):
        with opened_tiff(source) as file:
            pages = plane_pages(file, channels)
            header = header_of(pages[0])
            height, width = turned_size((header.height, header.width), header.orientation)
            bits = 16 if header.bits > 8 else 8
            return Described(height, width, header.channels * len(pages), bits, header.alpha)
    data = _all(source)
    with opened(data, float("inf")) as image:
        height, width = shown_size(image, data)
        mode = image.mode
        if mode not in (*EIGHT_BITS, *DEEP):
            raise DataError(f"its pixels are {mode}; save it with 8 or 16 bits, grey or RGB")
        alpha = mode in ("LA", "RGBA")
        channels = MANY_CHANNELS.get(mode, 1)
        if _is_deep_png(data):
            channels = {2: 3, 4: 2, 6: 4}[data[25]]
            alpha = data[25] in (4, 6)
        bits = 16 if mode in DEEP or _is_deep_png(data) else 8
        return Described(height, width, channels, bits, alpha)


def read_stored(
    source: bytes | Path, channels: int = 1, max_megapixels: float = MAX_MEGAPIXELS
) -> Stored:
    """A whole image as stored, upright.

    Args:
        channels: how many are wanted; a TIFF of so many grey pages is one image.

    Raises:
        DataError: truncated, damaged, too large, with refused pixels, or not an image.
    """
    if is_tiff(_beginning(source)):
        return _read_tiff(source, channels, None, max_megapixels)
    data = _all(source)
    with opened(data, max_megapixels) as image:
        if _is_deep_png(data):
            turn, wanted = orientation(image), (image.height, image.width)
            return _read_deep_png(data, turn, wanted)
        image = upright(image, data)
        if image.mode in DEEP:
            return Stored(_sixteen(np.asarray(image))[..., None], False)
        if image.mode in ("1", "L"):
            return Stored(np.asarray(image.convert("L"))[..., None], False)
        if image.mode in ("LA", "RGBA"):
            return Stored(np.asarray(image), True)
        return Stored(np.asarray(as_rgb(image)), False)


def read_stored_window(
    source: bytes | Path,
    window: Window,
    channels: int = 1,
    max_megapixels: float = MAX_MEGAPIXELS,
) -> Stored:
    """A window of an upright image as stored. Of a TIFF, only tiles and strips in it are decoded.

    Args:
        window: row, column, height, width; inside the image.
        max_megapixels: limit for the window; for the whole image if that has to be decoded.

    Raises:
        DataError: as for `read_stored`, or the window is not inside the image.
    """
    if is_tiff(_beginning(source)):
        return _read_tiff(source, channels, window, max_megapixels)
    stored = read_stored(source, channels, max_megapixels)
    check_inside(window, (stored.values_HWD.shape[0], stored.values_HWD.shape[1]))
    row, col, height, width = window
    return Stored(stored.values_HWD[row : row + height, col : col + width], stored.alpha)


def check_inside(window: Window, size: tuple[int, int]) -> None:
    """Refuse a window that is not wholly in an image of `size`.

    Raises:
        DataError: it is not, or has no pixel.
    """
    row, col, height, width = window
    if min(row, col) < 0 or min(height, width) < 1 or (
        row + height > size[0] or col + width > size[1]
    ):  # fmt: skip
        raise DataError(
            f"the window of {height} x {width} pixels at row {row}, column {col} is not inside the "
            f"image of {size[0]} x {size[1]} (height x width)"
        )


def check_channels(channels: int, alpha: bool, pixels: PixelFormat) -> None:
    """Check that a file has the channels that the settings say.

    Args:
        channels, alpha: of the file, as in `Described`.

    Raises:
        ChannelsError: it has others.
    """
    wanted, colours = pixels.channels, channels - alpha
    if wanted in (channels, colours) or (wanted == 3 and colours == 1):
        return
    plural = "channel" if channels == 1 else "channels"
    raise ChannelsError(f"it has {channels} {plural}, data.channels is {wanted}")


def fitted(stored: Stored, pixels: PixelFormat) -> np.ndarray:
    """The channels that the settings say: (H, W, D), as stored.

    Raises:
        ChannelsError: the image has others.
    """
    values_HWD, wanted = stored.values_HWD, pixels.channels
    check_channels(values_HWD.shape[2], stored.alpha, pixels)
    if stored.alpha and values_HWD.shape[2] != wanted:
        values_HWD = values_HWD[..., :-1]
    if values_HWD.shape[2] == 1 and wanted == 3:
        return np.repeat(values_HWD, 3, axis=2)
    return values_HWD


def to_unit(values: np.ndarray, pixels: PixelFormat) -> np.ndarray:
    """float32 in 0..1 from uint8 or uint16 values of any shape."""
    low, high = pixels.range or (0.0, 255.0 if values.dtype == np.uint8 else 65535.0)
    unit = values.astype(np.float32)
    unit -= np.float32(low)
    unit *= np.float32(1 / (high - low))
    return np.clip(unit, 0, 1, out=unit)


def _read_tiff(
    source: bytes | Path, channels: int, window: Window | None, max_megapixels: float
) -> Stored:
    with opened_tiff(source) as file:
        pages = plane_pages(file, channels)
        header = header_of(pages[0])
        size = (header.height, header.width)
        if int(pages[0].photometric) == YCBCR and int(pages[0].compression) not in (6, 7):
            return _read_ycbcr(source, window, max_megapixels)
        if window is None:
            parts = [read_page(page, max_megapixels) for page in pages]
        else:
            check_inside(window, turned_size(size, header.orientation))
            inside = stored_window(window, size, header.orientation)
            parts = [read_page_window(page, inside, max_megapixels) for page in pages]
        planes = [_as_table(part, page, header) for part, page in zip(parts, pages, strict=True)]
        values = planes[0] if len(planes) == 1 else np.concatenate(planes, -1)
    return Stored(np.ascontiguousarray(turned(values, header.orientation)), header.alpha)


def _as_table(values: np.ndarray, page: object, header: Header) -> np.ndarray:
    """Stored numbers (y, x, samples) by the table above: uint8 or uint16 (y, x, D)."""
    photometric = int(page.photometric)  # type: ignore[attr-defined]
    if photometric == PALETTE:
        colours = np.asarray(page.colormap)  # type: ignore[attr-defined]
        return (colours[:, values[..., 0]] >> 8).astype(np.uint8).transpose(1, 2, 0)
    most = 2**header.bits - 1
    if header.bits < 8:
        values = (values.astype(np.uint8) * (255 // most)).astype(np.uint8)
        most = 255
    elif values.dtype not in (np.uint8, np.uint16):
        values, most = _sixteen(values), 65535
    if photometric == WHITE_IS_ZERO:
        return (most - values).astype(values.dtype)
    if photometric == CMYK and header.channels != header.samples:
        ink = most - values[..., :4].astype(np.uint32)
        colours = ((ink[..., :3] * ink[..., 3:] + most // 2) // most).astype(values.dtype)
        return np.concatenate([colours, values[..., 4:]], -1)
    return values


def _read_ycbcr(source: bytes | Path, window: Window | None, max_megapixels: float) -> Stored:
    """Brightness and subsampled colours; Pillow converts them."""
    data = _all(source)
    with opened(data, max_megapixels) as image:
        values = np.asarray(as_rgb(upright(image, data)))
    if window is not None:
        check_inside(window, (values.shape[0], values.shape[1]))
        row, col, height, width = window
        values = values[row : row + height, col : col + width]
    return Stored(values, False)


def _is_deep_png(data: bytes) -> bool:
    """Whether it is a PNG in colour or with alpha of 16 bits."""
    return (
        data.startswith(b"\x89PNG") and len(data) > 25 and data[24] == 16 and data[25] in DEEP_PNG
    )


def _read_deep_png(data: bytes, turn: int, size: tuple[int, int]) -> Stored:
    """By imagecodecs: Pillow keeps the high byte only."""
    import imagecodecs

    values = imagecodecs.png_decode(data)
    if values.shape[:2] != size or values.ndim != 3:
        raise DataError("truncated or damaged image (its header is of another size)")
    return Stored(np.ascontiguousarray(turned(values, turn)), data[25] in (4, 6))


def _sixteen(values: np.ndarray) -> np.ndarray:
    if values.size and (values.min() < 0 or values.max() > 65535):
        raise DataError(
            f"its pixels are numbers from {values.min()} to {values.max()}, not within 0..65535; "
            "save it with 8 or 16 bits"
        )
    return values.astype(np.uint16)


def _beginning(source: bytes | Path) -> bytes:
    if isinstance(source, bytes):
        return source[:4]
    with source.open("rb") as file:
        return file.read(4)


def _all(source: bytes | Path) -> bytes:
    return source if isinstance(source, bytes) else source.read_bytes()
