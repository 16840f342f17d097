"""Shortcuts for RGB pictures of 8 bits, as most images are: reading a pool is bound by these steps.

Pillow keeps pictures as four bytes a pixel and copies them twice to make an array. imagecodecs
decodes JPEG with the same library (libjpeg-turbo), with the same settings, straight into the array;
more than half of what is left is Huffman decoding. Pillow resizes one number at a time; torch has
the same arithmetic for the vector instructions of the processor, with weights of 16 bits.

torch is used only in processes that have it: importing it takes as long as resizing some hundred
images. Whoever runs a network has it, so what networks see does not depend on that.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import numpy as np

from raysal.data.pixels import as_rgb, orientation
from raysal.data.turning import SWAPS, turned

if TYPE_CHECKING:
    from PIL import Image

Box = tuple[float, float, float, float]
JPEG = ("JPEG", "MPO")
END = b"\xff\xd9"


def rgb_of_jpeg(image: Image.Image, data: bytes) -> np.ndarray | None:
    """The picture of a JPEG file, upright: uint8 (H, W, 3), the same numbers as Pillow's.

    Args:
        image: its header, opened by Pillow; nothing is loaded.
        data: the file.

    Returns:
        None if it is none, if it has other than three channels, or if it is damaged: then Pillow
        has to decode it, or to say what is wrong.
    """
    if image.format not in JPEG or image.mode != "RGB" or not _is_whole(image, data):
        return None
    import imagecodecs

    try:
        stored = imagecodecs.jpeg8_decode(data)
    except (imagecodecs.Jpeg8Error, ValueError):
        return None
    if stored.dtype != np.uint8 or stored.shape != (image.height, image.width, 3):
        return None
    return np.ascontiguousarray(turned(stored, orientation(image)))


def _is_whole(image: Image.Image, data: bytes) -> bool:
    """Whether an end follows the pixels, which begin where Pillow has stopped reading.

    imagecodecs would make a missing part grey. A preview in the metadata has its own end; and the
    pixels of a progressive file are in many parts, of which a damaged one may hide the end.
    """
    if "progressive" in image.info:
        return False
    return data.endswith(END) or data.rfind(END) >= image.fp.tell()


def rgb_of_shrunk_jpeg(image: Image.Image, size: tuple[int, int]) -> np.ndarray | None:
    """The picture of a JPEG file at `size`, decoded at a half, a quarter or an eighth.

    libjpeg-turbo then computes only the low frequencies of each block: less work, and details that
    differ from those of a picture that was decoded whole and resized.

    Args:
        image: its header, opened by Pillow; nothing is loaded.
        size: (height, width) as shown.

    Returns:
        uint8 (H, W, 3); None if it is no JPEG, or `size` is more than half of its own on a side.
    """
    if image.format not in JPEG:
        return None
    turn = orientation(image)
    stored = size[::-1] if turn in SWAPS else size
    own = image.height, image.width
    drafted = image.draft(None, stored[::-1])
    if drafted is None or (image.height, image.width) == own:
        return None
    image.load()
    rgb = as_rgb(image)
    box: Box = drafted[1]
    if box[2:] == rgb.size:
        resized = resize_rgb(np.asarray(rgb), stored)
    else:  # The last row or column is a part of a pixel.
        resized = np.asarray(rgb.resize(stored[::-1], _bilinear(), box))
    return np.ascontiguousarray(turned(resized, turn))


def resize_rgb(image_HW3: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Bilinear, antialiased resize of uint8 (H, W, 3) to (height, width).

    With torch at hand, some numbers differ from Pillow's by 1, seldom by 2: of photos of 1280x720
    0.006 % at 480x360, 0.08 % at 224x224, 6 % at 1200x450, where weights are nearly fractions of
    16; none where both sides are halved or quartered.
    """
    if image_HW3.shape[:2] == tuple(size):
        return image_HW3
    if "torch" not in sys.modules:
        from PIL import Image

        picture = Image.fromarray(np.ascontiguousarray(image_HW3))
        return np.asarray(picture.resize(size[::-1], _bilinear()))
    import torch
    import torch.nn.functional as F  # noqa: N812

    # In channels-last layout, for which torch has a kernel of its own.
    image_13HW = torch.from_numpy(_writable(image_HW3))[None].permute(0, 3, 1, 2)
    out_13HW = F.interpolate(image_13HW, tuple(size), mode="bilinear", antialias=True)
    return out_13HW[0].permute(1, 2, 0).numpy()


def _bilinear() -> Image.Resampling:
    from PIL import Image

    return Image.Resampling.BILINEAR


def _writable(image: np.ndarray) -> np.ndarray:
    """torch warns of arrays that cannot be written, although it only reads this one."""
    return image if image.flags.writeable and image.flags.c_contiguous else image.copy()
