"""Pictures as they are handed out: upright everywhere, with what is asked drawn into them."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

import numpy as np

from raysal.annotate.asked import AskedImage, OwnRectangle
from raysal.annotate.exchange.canvas import times
from raysal.data.decode import header_size
from raysal.data.opening import SUFFIXES_OF, opened
from raysal.data.pixels import as_rgb, orientation, upright
from raysal.data.visible import is_plain, visible_image
from raysal.errors import DataError

# Formats that every labelling program shows.
_SHOWN = ("JPEG", "PNG", "WEBP", "BMP", "GIF")
_QUALITY = 95
_DIMMED = 0.45
_YELLOW = (255, 255, 0)
_WIDTH_SHARE = 1 / 400


def suffix_of(image: AskedImage, data: bytes) -> str:
    """The suffix of the picture that is handed out: the file's own, if it fits what is in it.

    Raises:
        DataError: the image cannot be read.
    """
    if is_plain(data, image.pixels):
        with opened(data, float("inf")) as picture:
            kind = str(picture.format) if picture.format in _SHOWN else "PNG"
    else:
        kind = "PNG"
    for name in (str(image.path or ""), image.image_id):
        suffix = PurePosixPath(name).suffix
        if suffix.lower() in SUFFIXES_OF[kind]:
            return suffix
    return SUFFIXES_OF[kind][0]


def picture(image: AskedImage, data: bytes, drawn: bool) -> bytes | None:
    """The picture to hand out; None if the file itself will do.

    Some programs turn pictures as their EXIF says and some do not, so that masks would come back
    in two sizes; those that are turned are written upright. Images of other channels, and of 16
    bits, are written as people can look at them.

    Args:
        data: the image file.
        drawn: whether to dim what is not asked, and to draw a line around what is.

    Raises:
        DataError: the image cannot be read, or has another size than when it was asked for.
    """
    size, mark = header_size(data, float("inf")), drawn and not image.whole
    if size != image.size:
        raise DataError(
            f"the image is now {times(size)}, and was {times(image.size)} when it was chosen"
        )
    if not is_plain(data, image.pixels):
        rgb = visible_image(data, None, float("inf"), image.pixels)
        return _encoded(outlined(rgb, image.rectangles) if mark else rgb, "PNG")
    with opened(data, float("inf")) as found:
        as_it_is = found.format in _SHOWN and orientation(found) == 1
        if as_it_is and not mark:
            return None
        kind = "JPEG" if found.format == "JPEG" else "PNG"
        rgb = np.asarray(as_rgb(upright(found, data)))
    return _encoded(outlined(rgb, image.rectangles) if mark else rgb, kind)


def outlined(rgb: np.ndarray, rectangles: Sequence[OwnRectangle]) -> np.ndarray:
    """A picture with all but some rectangles dimmed, and a yellow line just outside of them.

    Args:
        rgb: uint8 (H, W, 3).
    """
    width = max(2, round(max(rgb.shape[:2]) * _WIDTH_SHARE))
    shown = (rgb * _DIMMED).astype(np.uint8)
    for row, col, height, cols in rectangles:
        top, left = max(0, row - width), max(0, col - width)
        shown[top : row + height + width, left : col + cols + width] = _YELLOW
    for row, col, height, cols in rectangles:
        inside = (slice(row, row + height), slice(col, col + cols))
        shown[inside] = rgb[inside]
    return shown


def link(image: AskedImage, target: Path) -> None:
    """Make a link to the image's own file.

    Raises:
        DataError: it has none.
    """
    if image.path is None:
        raise DataError("it has no file of its own; use --images copy")
    target.symlink_to(image.path.resolve())


def _encoded(rgb: np.ndarray, kind: str) -> bytes:
    from PIL import Image

    buffer = io.BytesIO()
    options = {"quality": _QUALITY} if kind == "JPEG" else {"compress_level": 3}
    Image.fromarray(rgb).save(buffer, format=kind, **options)
    return buffer.getvalue()
