"""Open encoded images, and say what bytes are that cannot be opened.

Pillow is imported when the first image is opened: the settings of data sets are read without it.
"""

from __future__ import annotations

import contextlib
import functools
import io
import re
import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING

from raysal.errors import DataError

if TYPE_CHECKING:
    from PIL import Image

MAX_MEGAPIXELS = 179.0
"""Pillow's own limit, rounded up: a small file can hold a picture that fills the memory."""
SUFFIXES_OF = {
    "JPEG": (".jpg", ".jpeg", ".jpe", ".jfif", ".mpo"),
    "PNG": (".png", ".apng"),
    "WEBP": (".webp",),
    "TIFF": (".tif", ".tiff"),
    "BMP": (".bmp",),
    "DIB": (".dib",),
    "GIF": (".gif",),
    "PPM": (".ppm", ".pgm", ".pbm", ".pnm"),
    "AVIF": (".avif",),
    "JPEG2000": (".jp2", ".j2k", ".jpx"),
    "QOI": (".qoi",),
    "PCX": (".pcx",),
    "SGI": (".sgi",),
    "SUN": (".ras",),
    "TGA": (".tga",),
}
"""The formats that are read, as Pillow names them, and their suffixes in lower case. Formats that
run a program (EPS), hold pages (PDF) or drawings (WMF) are not."""
# Nearly all images are of these, and Pillow has them without importing its other plugins.
USUAL = ("JPEG", "PNG")
HEIF_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")
BEGINNINGS = (
    (b"version https://git-lfs", "a Git LFS pointer; fetch the file with 'git lfs pull'"),
    (b"/annex/objects/", "a git-annex pointer; fetch the file with 'git annex get'"),
    (b"../.git/annex/", "a git-annex pointer; fetch the file with 'git annex get'"),
    (b"%PDF", "a PDF document"),
    (b"%!PS", "a PostScript document"),
    (b"8BPS", "a Photoshop document; export it as PNG"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"\x00\x05\x16\x07", "what macOS keeps beside a file, not the file"),
    (b"\x93NUMPY", "a NumPy array; save it as PNG"),
)
# With these beginnings, it is an image and its end or middle is at fault.
IMAGES = (
    b"\xff\xd8", b"\x89PNG", b"GIF8", b"BM", b"II*\x00", b"MM\x00*", b"qoif",
    b"II+\x00", b"MM\x00+",
    b"\x00\x00\x00\x0cjP  ", b"\xff\x4f\xff\x51", b"P1", b"P2", b"P3", b"P4", b"P5", b"P6",
)  # fmt: skip


@contextlib.contextmanager
def opened(data: bytes, max_megapixels: float = MAX_MEGAPIXELS) -> Iterator[Image.Image]:
    """An image whose header was read; whatever Pillow raises inside is a `DataError`.

    Raises:
        DataError: no image, one that is truncated or damaged, or larger than `max_megapixels`.
    """
    try:
        image = _open(data)
    except MemoryError:
        raise
    except Exception as error:  # Damaged files make Pillow raise nearly anything.
        raise DataError(_said_of(data, error)) from error
    with image:
        width, height = image.size
        check_megapixels(height, width, max_megapixels)
        try:
            yield image
        except (MemoryError, DataError):
            raise
        except Exception as error:
            raise DataError(f"truncated or damaged image ({reason_of(error)})") from error


def check_megapixels(height: int, width: int, most: float) -> None:
    """Refuse an image, or a part of one, that would fill the memory.

    Raises:
        DataError: it has more than `most` megapixels.
    """
    if width * height > most * 1e6:
        raise DataError(
            f"its {width * height / 1e6:.3g} megapixels ({height} x {width}, height x width) "
            f"are more than the limit of {most:g}; if the file can be trusted, raise "
            "data.max_megapixels, or --max-megapixels of the command"
        )


def _open(data: bytes) -> Image.Image:
    pil = _pillow()
    try:
        return pil.open(io.BytesIO(data), formats=USUAL)
    except pil.UnidentifiedImageError:
        pil.init()
        return pil.open(
            io.BytesIO(data), formats=[name for name in SUFFIXES_OF if name in pil.OPEN]
        )


@functools.cache
def _pillow():  # type: ignore[no-untyped-def]
    from PIL import Image

    # `opened` has a limit of its own, which can be set per data set; Pillow's is one for all.
    Image.MAX_IMAGE_PIXELS = None
    # About metadata that raysal does not use; they would be printed by every worker.
    warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")
    return Image


def _said_of(data: bytes, error: Exception) -> str:
    known = _kind(data)
    if known is not None:
        return f"not a readable image ({known})"
    if data.startswith(IMAGES) or data[8:12] == b"WEBP":
        return "truncated or damaged image (its header cannot be read)"
    return f"not a readable image ({reason_of(error)})"


def _kind(data: bytes) -> str | None:
    """What bytes are that are often found in place of an image; None if it is none of these."""
    if not data:
        return "the file is empty"
    if not data.strip(b"\x00"):
        return "the file contains only zero bytes"
    for beginning, kind in BEGINNINGS:
        if data.startswith(beginning):
            return kind
    if data[4:8] == b"ftyp" and data[8:12] in HEIF_BRANDS:
        return "a HEIC photo, which Pillow cannot read; convert it to JPEG or PNG"
    if data[4:8] == b"ftyp":
        return f"a file of type '{data[8:12].decode('ascii', 'replace')}', which Pillow cannot read"
    text = data[:1024].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if text.startswith((b"<!doctype html", b"<html")) or b"<html" in text:
        return "an HTML page, as a failed download leaves it; download the file again"
    if text.startswith((b"<svg", b"<?xml")):
        return "an SVG drawing or other XML; export it as PNG"
    return None


def reason_of(error: Exception) -> str:
    """What a library says of a file: one line without memory addresses, which differ by run."""
    from PIL import UnidentifiedImageError

    if isinstance(error, UnidentifiedImageError):
        return "no image format that raysal reads"
    text = str(error).splitlines()[0] if str(error) else type(error).__name__
    return re.sub(r" at 0x[0-9a-fA-F]+", "", text)
