"""From the pixels that a file stores to the picture that it shows: one rule for every mode.

The orientation in EXIF (or TIFF, or XMP) is applied to images, sizes and masks alike, as viewers
and annotation tools do. Of files with several frames or pages, the first is read; building a pool
says how many there were.

| stored                       | as a picture (RGB, 8 bits)       | as a mask of class ids      |
|------------------------------|----------------------------------|-----------------------------|
| grey, 8 bits                 | three equal channels             | as stored                   |
| grey, 2 or 4 bits            | 0..3 or 0..15 spread to 0..255   | as stored: 0..3 or 0..15    |
| 1 bit                        | 0 or 255                         | 0 or 1                      |
| grey, 16 bits                | the high byte: value // 256      | as stored; above 255 refused|
| grey, 32-bit whole numbers   | as 16 bits; beyond them refused  | as stored; above 255 refused|
| floating point               | refused: its white is not known  | refused                     |
| palette                      | the palette's colours            | the index                   |
| grey or colour with alpha    | alpha is dropped                 | refused                     |
| palette with transparency    | transparency is dropped          | the index                   |
| RGB, 8 bits                  | as stored                        | refused; read as colours    |
| RGB, 16 bits                 | the high byte, as Pillow reads it| refused                     |
| YCbCr (JPEG, TIFF)           | converted (BT.601, full range)   | refused                     |
| CMYK                         | (255 - C) (255 - K) / 255, ...   | refused                     |
| LAB, HSV and others          | refused                          | refused                     |
| TIFF with further channels   | refused; set `data.channels`     | refused                     |

Alpha is dropped and not composited, because no background is known; the colours below are those
that other tools train on. CMYK in JPEG is stored inverted, as Adobe does and all viewers expect.
Masks are refused in formats that lose information, and in grey formats in which 0 is white.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from raysal.errors import DataError

if TYPE_CHECKING:
    from PIL import Image

EXIF_ORIENTATION = 0x0112
TIFF_WIDTH, TIFF_HEIGHT, TIFF_BITS, TIFF_PHOTOMETRIC = 256, 257, 258, 262
# By orientation, the name of what Pillow must do to show the picture upright.
TURNS = {
    2: "FLIP_LEFT_RIGHT",
    3: "ROTATE_180",
    4: "FLIP_TOP_BOTTOM",
    5: "TRANSPOSE",
    6: "ROTATE_270",
    7: "TRANSVERSE",
    8: "ROTATE_90",
}
# PNG may have its orientation after the pixels; without these words it has none.
PNG_METADATA = (b"eXIf", b"Raw profile type", b"XML:com.adobe.xmp")
EIGHT_BITS = ("1", "L", "P", "RGB", "RGBA", "RGBX", "LA", "PA", "CMYK", "YCbCr")
DEEP = ("I", "I;16", "I;16L", "I;16B", "I;16N")
LOSSY = {"JPEG": "JPEG", "MPO": "JPEG", "JPEG2000": "JPEG 2000", "AVIF": "AVIF"}


def shown_size(image: Image.Image, data: bytes) -> tuple[int, int]:
    """(height, width) of the upright picture, from the header of an image not yet loaded."""
    width, height = image.size
    if image.format == "TIFF":  # Some versions of Pillow have turned its size, some have not.
        tags = image.tag_v2
        width, height = tags[TIFF_WIDTH], tags[TIFF_HEIGHT]
    elif image.format == "PNG" and not any(word in data for word in PNG_METADATA):
        return height, width
    return (width, height) if orientation(image) in (5, 6, 7, 8) else (height, width)


def upright(image: Image.Image, data: bytes) -> Image.Image:
    """The picture, loaded and turned as its orientation says."""
    from PIL.Image import Transpose

    image.load()
    if image.format == "PNG" and not any(word in data for word in PNG_METADATA):
        return image
    turn = TURNS.get(orientation(image))
    return image if turn is None else image.transpose(Transpose[turn])


def orientation(image: Image.Image) -> int:
    """1 (upright) to 8; 1 if the metadata is damaged."""
    try:
        value = image.getexif().get(EXIF_ORIENTATION, 1)
    except Exception:  # Damaged metadata makes Pillow raise nearly anything; the picture is whole.
        return 1
    return value if isinstance(value, int) and value in TURNS else 1


def has_more_frames(image: Image.Image) -> bool:
    """Whether frames or pages follow the first one of a loaded image; afterwards it is not usable.

    A JPEG with further pictures is one photo: they are previews and maps of its brightness.
    """
    if image.format in ("JPEG", "MPO"):
        return False
    try:
        image.seek(1)
    except EOFError:
        return False
    except Exception:  # There is a second one, and it is damaged.
        return True
    return True


def as_rgb(image: Image.Image) -> Image.Image:
    """A loaded image in mode RGB, by the table above.

    Raises:
        DataError: its mode is one that is refused.
    """
    if image.mode == "RGB":
        return image
    if image.mode in DEEP:
        from PIL.Image import fromarray

        return fromarray(_high_byte(np.asarray(image))).convert("RGB")
    if image.mode == "F":
        raise DataError(
            "its pixels are floating-point numbers, of which it is not known what is white; save "
            "it with 8 or 16 bits"
        )
    if image.mode not in EIGHT_BITS:
        raise DataError(f"its pixels are {image.mode}; save it as RGB")
    # Pillow would warn that RGB cannot hold it.
    image.info.pop("transparency", None)
    return image.convert("RGB")


def as_ids(image: Image.Image, data: bytes) -> np.ndarray:
    """The class ids of a loaded image: integers (H, W).

    Raises:
        DataError: its mode is one that is refused for masks.
    """
    if image.mode not in ("1", "L", "P", *DEEP):
        raise DataError(
            f"a mask must have one channel of class ids, this one is {image.mode}; if its colours "
            "stand for classes, read it with data.name=folder and data.mask_colours=true"
        )
    ids = np.asarray(image)
    return ids // (255 // (2**bits - 1)) if (bits := _spread_bits(image, data)) else ids


def check_lossless(image: Image.Image, data: bytes) -> None:
    """Check a mask that is not yet loaded.

    Raises:
        DataError: its format changes values, or stores 0 as white.
    """
    kind = LOSSY.get(str(image.format))
    if image.format == "WEBP" and _is_lossy_webp(data):
        kind = "lossy WebP"
    if image.format == "TIFF" and image.info.get("compression") in ("jpeg", "tiff_jpeg", "webp"):
        kind = f"TIFF with {str(image.info['compression']).removeprefix('tiff_').upper()} inside"
    if kind is not None:
        raise DataError(
            f"a mask must be stored without loss, this file is {kind} (whatever its suffix says), "
            "which changes class ids; export the masks again as PNG: converting this file does "
            "not bring them back"
        )
    if image.format == "TIFF" and image.tag_v2.get(TIFF_PHOTOMETRIC) == 0:
        raise DataError(
            "this TIFF stores white as 0, so its ids are in doubt; save the mask as PNG"
        )
    if image.format == "PPM" and _most_in_ppm(data) not in (255, 65535, None):
        raise DataError("a PGM mask must have 255 or 65535 as its largest value; save it as PNG")


def _high_byte(values: np.ndarray) -> np.ndarray:
    if values.size and (values.min() < 0 or values.max() > 65535):
        raise DataError(
            f"its pixels are numbers from {values.min()} to {values.max()}, not within 0..65535; "
            "save it with 8 or 16 bits"
        )
    return (values.astype(np.uint16) >> 8).astype(np.uint8)


def _spread_bits(image: Image.Image, data: bytes) -> int | None:
    """2 or 4 if Pillow has spread grey values of so few bits over 0..255."""
    bits: object = None
    if image.mode == "L" and data.startswith(b"\x89PNG"):
        bits = data[24]
    elif image.mode == "L" and (tags := getattr(image, "tag_v2", None)) is not None:
        bits = tags.get(TIFF_BITS, (8,))[0]
    return bits if isinstance(bits, int) and bits in (2, 4) else None


def _is_lossy_webp(data: bytes) -> bool:
    """Whether the first image in a WebP file is lossy: its chunk is `VP8 `, not `VP8L`."""
    place = 12
    while place + 8 <= len(data):
        name, length = (
            data[place : place + 4],
            int.from_bytes(data[place + 4 : place + 8], "little"),
        )
        if name in (b"VP8 ", b"VP8L"):
            return name == b"VP8 "
        # A frame of an animation has a header of 16 bytes, then chunks.
        place += 24 if name == b"ANMF" else 8 + length + length % 2
    return True


def _most_in_ppm(data: bytes) -> int | None:
    """The largest value that a PGM declares; None for bitmaps, which have none."""
    words = re.sub(rb"#[^\n]*", b"", data[:1024]).split(maxsplit=4)
    return int(words[3]) if words[0] in (b"P2", b"P5") and len(words) > 3 else None
