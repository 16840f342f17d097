"""TIFF files of any number of channels, of 8 or 16 bits, whole or a window of them.

Tiles and strips, planar and interleaved, BigTIFF and compression are tifffile's and imagecodecs'
business. Axes in names: y x pixels as stored, D channels.
"""

from __future__ import annotations

import contextlib
import io
import logging
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from raysal.data.opening import MAX_MEGAPIXELS, check_megapixels, reason_of
from raysal.data.pixel_format import MAX_CHANNELS
from raysal.data.turning import Window
from raysal.errors import DataError

BEGINNINGS = (b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+")
# Values of tags.
WHITE_IS_ZERO, PALETTE, CMYK, YCBCR, LAB = 0, 3, 5, 6, 8
ALPHA = (1, 2)
PREMULTIPLIED = 1
# Compressions that Pillow decodes: none, CCITT's, LZW, JPEG, PackBits, Deflate, LZMA, Zstd, WebP.
PILLOWS = (1, 2, 3, 4, 5, 6, 7, 8, 32773, 32946, 34925, 50000, 50001)
# Compressions that change values, or may: JPEG and its relatives, WebP, LERC.
LOSSY = (6, 7, 33003, 33004, 33005, 33007, 34712, 34887, 34892, 34934, 22610, 50001, 50002, 52546)
ORIENTATION = 274
# Pixels of a tile or strip, of which each is decoded again for each window in it.
MOST_OF_CHUNK = 1 << 23


@dataclass(frozen=True)
class Header:
    """What a TIFF says of its first page, without decoding it.

    Attributes:
        height, width: as stored.
        samples: numbers per pixel, as stored.
        channels: after palettes, inks and the like have become RGB.
        alpha: whether the last channel is declared to be alpha.
        orientation: 1 (upright) to 8.
        bits: of a number.
    """

    height: int
    width: int
    samples: int
    channels: int
    alpha: bool
    orientation: int
    bits: int


def is_tiff(data: bytes) -> bool:
    """Whether bytes begin as a TIFF does."""
    return data.startswith(BEGINNINGS)


def has_windows(source: bytes | Path) -> bool:
    """Whether a file is a TIFF of which a window can be decoded without decoding much more.

    Raises:
        DataError: it is a damaged TIFF, or its pixels are of a kind that is not read.
    """
    if isinstance(source, bytes):
        beginning = source[:4]
    else:
        with source.open("rb") as file:
            beginning = file.read(4)
    if not is_tiff(beginning):
        return False
    with opened_tiff(source) as tiff:
        page = tiff.pages[0]
        header_of(page)
        if int(page.photometric) == YCBCR and int(page.compression) not in (6, 7):
            return False
        if PREMULTIPLIED in page.extrasamples:
            return False  # Pillow divides the colours by their alpha.
        height, width = _chunk_size(page)
        return bool(page.is_final) or height * width <= MOST_OF_CHUNK


def is_beyond_pillow(data: bytes) -> bool:
    """Whether bytes are a TIFF that Pillow cannot read as it is meant.

    It reads channels beyond RGB as if they were not there, and colours of 16 bits, if they are in
    planes, as noise. Damaged files, and those of one channel that neither reads, are Pillow's.
    """
    if not is_tiff(data):
        return False
    several = False
    try:
        with opened_tiff(data) as file:
            page = file.pages[0]
            several = int(page.samplesperpixel) > 1 and int(page.photometric) != LAB
            header, compression = header_of(page), int(page.compression)
    except DataError:
        return several
    if compression not in PILLOWS:
        return True
    if header.samples == 1:
        return False
    if int(page.photometric) == CMYK:
        return header.samples > 4 or header.bits > 8
    return header.bits > 8 or header.samples - header.alpha not in (1, 3)


@contextlib.contextmanager
def opened_tiff(source: bytes | Path) -> Iterator[Any]:
    """An open `tifffile.TiffFile`; whatever is raised inside is a `DataError`.

    Raises:
        DataError: it is no TIFF, or is truncated or damaged.
    """
    import tifffile

    # It logs what is odd about a file; what cannot be read is an error all the same.
    logging.getLogger("tifffile").setLevel(logging.CRITICAL + 1)
    try:
        with tifffile.TiffFile(io.BytesIO(source) if isinstance(source, bytes) else source) as file:
            yield file
    except (MemoryError, DataError, FileNotFoundError, PermissionError):
        raise
    except Exception as error:  # Damaged files make it raise nearly anything.
        raise DataError(f"truncated or damaged image ({reason_of(error)})") from error


def header_of(page: Any) -> Header:
    """The header of a page.

    Raises:
        DataError: its pixels are of a kind that is not read.
    """
    samples, photometric = int(page.samplesperpixel), int(page.photometric)
    height, width, bits = int(page.imagelength), int(page.imagewidth), int(page.bitspersample)
    if page.imagedepth != 1:
        raise DataError("it is a volume; save one plane of it as a TIFF")
    if height < 1 or width < 1:
        raise DataError("truncated or damaged image (it has no pixel)")
    kind = page.dtype
    if kind is None or kind.kind not in "uib" or int(page.sampleformat) not in (1, 2):
        what = "floating-point numbers" if int(page.sampleformat) == 3 else "of an unusual type"
        raise DataError(
            f"its pixels are {what} ({bits} bits); save it with 8 or 16 bits, without a sign"
        )
    if photometric == LAB:
        raise DataError("its pixels are LAB; save it as RGB")
    extra = tuple(int(e) for e in page.extrasamples)
    alpha = bool(extra) and extra[-1] in ALPHA and samples > 1
    channels = samples
    if photometric in (PALETTE, YCBCR):
        channels = 3
    elif photometric == CMYK and samples - len(extra) == 4:
        channels = 3 + len(extra)
    if channels > MAX_CHANNELS:
        raise DataError(f"it has {channels} channels; at most {MAX_CHANNELS} are read")
    tag = page.tags.get(ORIENTATION)
    value = tag.value if tag is not None else 1
    orientation = int(value) if value in range(1, 9) else 1
    return Header(height, width, samples, channels, alpha, orientation, bits)


def check_lossless_tiff(data: bytes) -> None:
    """Check a mask whose pixels are not decoded.

    Raises:
        DataError: its compression changes values, or 0 is white.
    """
    with opened_tiff(data) as file:
        page = file.pages[0]
        if int(page.compression) in LOSSY:
            raise DataError(
                f"a mask must be stored without loss, this TIFF has {page.compression.name} inside,"
                " which may change class ids; export the masks again as PNG"
            )
        if int(page.photometric) == WHITE_IS_ZERO:
            raise DataError(
                "this TIFF stores white as 0, so its ids are in doubt; save the mask as PNG"
            )


def plane_pages(file: Any, channels: int) -> list[Any]:
    """The pages that together are an image of `channels`: the first one alone if it has several.

    Microscopes store channels as grey pages; this is what exactly `channels` grey pages of one size
    and type are taken for.
    """
    first = file.pages[0]
    if channels == 1 or header_of(first).channels > 1:
        return [first]
    pages = [first]
    for page in file.pages[1 : channels + 1]:
        same = (page.imagelength, page.imagewidth, page.dtype, page.samplesperpixel)
        if same != (first.imagelength, first.imagewidth, first.dtype, 1):
            return [first]
        pages.append(page)
    return pages if len(pages) == channels else [first]


def has_more_pages(data: bytes | Path, channels: int) -> bool:
    """Whether pages follow those that are read as an image of `channels`."""
    with opened_tiff(data) as file:
        used = len(plane_pages(file, channels))
        return len(file.pages[: used + 1]) > used


def read_page(page: Any, max_megapixels: float = MAX_MEGAPIXELS) -> np.ndarray:
    """A whole page as stored, neither turned nor converted: (y, x, samples).

    Raises:
        DataError: it is larger than `max_megapixels`.
    """
    header = header_of(page)
    check_megapixels(header.height, header.width, max_megapixels)
    _check_chunks(page, max_megapixels)
    end = page.parent.filehandle.size
    places = zip(page.dataoffsets, page.databytecounts, strict=False)
    if any(offset + count > end for offset, count in places):
        raise DataError("truncated or damaged image (it ends before its last tile or strip)")
    planes, _, height, width, samples = page.shaped
    values: np.ndarray = page.asarray(maxworkers=1).reshape(planes, height, width, samples)
    return np.moveaxis(values[..., 0], 0, -1) if planes > 1 else values[0]


def read_page_window(
    page: Any, window: Window, max_megapixels: float = MAX_MEGAPIXELS
) -> np.ndarray:
    """A window of a page as stored: (y, x, samples). Only tiles and strips in it are decoded.

    Args:
        max_megapixels: limit for the window and for a single tile or strip.
    """
    row, col, height, width = window
    check_megapixels(height, width, max_megapixels)
    planes, _, page_height, page_width, samples = page.shaped
    if page.is_final:  # Neither compressed nor in tiles.
        return _mapped(page, window)
    _check_chunks(page, max_megapixels)
    high, wide = _chunk_size(page)
    down, across = -(-page_height // high), -(-page_width // wide)
    out = np.zeros((height, width, planes * samples), page.dtype)
    for plane in range(planes):
        for j in range(row // high, -(-(row + height) // high)):
            for i in range(col // wide, -(-(col + width) // wide)):
                index = (plane * down + j) * across + i
                data, _, shape = page.decode(_bytes_of(page, index), index, **_tables(page))
                if data is None:  # Not stored: it is all background.
                    out[
                        max(j * high - row, 0) : (j + 1) * high - row,
                        max(i * wide - col, 0) : (i + 1) * wide - col,
                        plane * samples : (plane + 1) * samples,
                    ] = page.nodata
                    continue
                part = data.reshape(shape)[0]
                top, left = max(row, j * high), max(col, i * wide)
                bottom = min(row + height, j * high + part.shape[0])
                right = min(col + width, i * wide + part.shape[1])
                out[
                    top - row : bottom - row,
                    left - col : right - col,
                    plane * samples : (plane + 1) * samples,
                ] = part[top - j * high : bottom - j * high, left - i * wide : right - i * wide]
    return out


def _mapped(page: Any, window: Window) -> np.ndarray:
    """Of pixels that lie in the file as in memory, the rows of the window are read."""
    row, col, height, width = window
    planes, _, page_height, page_width, samples = page.shaped
    file, kind = page.parent.filehandle, np.dtype(page.parent.byteorder + page.dtype.char)
    row_bytes = page_width * samples * kind.itemsize
    parts = []
    for plane in range(planes):
        file.seek(page.dataoffsets[0] + (plane * page_height + row) * row_bytes)
        data = file.read(height * row_bytes)
        values = np.frombuffer(data, kind).reshape(height, page_width, samples)
        parts.append(values[:, col : col + width])
    return np.concatenate(parts, -1).astype(page.dtype)


def _chunk_size(page: Any) -> tuple[int, int]:
    """(height, width) of a tile, or of a strip."""
    if page.is_tiled:
        return int(page.tilelength), int(page.tilewidth)
    return min(int(page.rowsperstrip), int(page.imagelength)), int(page.imagewidth)


def _check_chunks(page: Any, max_megapixels: float) -> None:
    """A tile may be declared far larger than the image, and an image far larger than its tiles."""
    height, width = _chunk_size(page)
    if height < 1 or width < 1:
        raise DataError("truncated or damaged image (its tiles have no pixel)")
    if page.is_tiled and not math.isinf(max_megapixels):
        check_megapixels(height, width, max_megapixels)
    planes, _, page_height, page_width, _ = page.shaped
    needed = planes * -(-page_height // height) * -(-page_width // width)
    if not page.is_final and len(page.dataoffsets) < needed:
        raise DataError(
            f"truncated or damaged image (it has {len(page.dataoffsets)} of {needed} tiles or "
            "strips)"
        )


def _bytes_of(page: Any, index: int) -> bytes | None:
    offset, count = page.dataoffsets[index], page.databytecounts[index]
    if count == 0:
        return None
    file = page.parent.filehandle
    file.seek(offset)
    data: bytes = file.read(count)
    if len(data) < count:
        raise DataError("truncated or damaged image (it ends within a tile or strip)")
    return data


def _tables(page: Any) -> dict[str, Any]:
    return {"jpegtables": page.jpegtables, "jpegheader": page.jpegheader}
