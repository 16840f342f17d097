"""Image files of many channels and of 16 bits, as bytes."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import numpy as np
import tifffile


def numbers(height: int, width: int, channels: int, kind: type = np.uint16) -> np.ndarray:
    """(H, W, D) random pixels over the whole range of a type."""
    rng = np.random.default_rng(channels)
    return rng.integers(0, np.iinfo(kind).max + 1, (height, width, channels)).astype(kind)


def tiff(stored_HWD: np.ndarray, *, orientation: int = 1, **options: Any) -> bytes:
    """A TIFF of one page; `planarconfig="separate"` stores plane by plane."""
    channels = stored_HWD.shape[2]
    stored = stored_HWD[..., 0] if channels == 1 else stored_HWD
    if options.get("planarconfig") == "separate":
        stored = np.moveaxis(stored_HWD, -1, 0)
    elif channels > 1:
        options = {"planarconfig": "contig", **options}
    if orientation != 1:
        options["extratags"] = [(274, "H", 1, orientation, True)]
    options = {"photometric": "minisblack", "metadata": None, **options}
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, stored, **options)
    return buffer.getvalue()


def pages(planes_DHW: np.ndarray) -> bytes:
    """A TIFF of one grey page per channel, as microscopes write them."""
    buffer = io.BytesIO()
    with tifffile.TiffWriter(buffer) as writer:
        for plane in planes_DHW:
            writer.write(plane, photometric="minisblack", metadata=None)
    return buffer.getvalue()


def deep_png(values_HWD: np.ndarray) -> bytes:
    """A PNG of 16 bits: grey, grey with alpha, RGB or RGBA, by the number of channels."""
    height, width, channels = values_HWD.shape
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values_HWD)
    header = struct.pack(">IIBBBBB", width, height, 16, {1: 0, 2: 4, 3: 2, 4: 6}[channels], 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in parts
    )
