"""Images with other channels than RGB, or with 16 bits, as pictures for people.

Each shown channel is stretched: its 2nd percentile becomes black and its 98th white, as programs
for microscopes and satellites do. Ordinary pictures stay as they are.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from raysal.data.channels import describe, read_stored
from raysal.data.decode import decode_image, resize_image
from raysal.data.opening import MAX_MEGAPIXELS
from raysal.data.pixel_format import RGB, PixelFormat

LOW, HIGH = 2, 98
# So many pixels are enough for percentiles.
SAMPLED = 1 << 20


def is_plain(data: bytes, pixels: PixelFormat = RGB) -> bool:
    """Whether an image file is an ordinary picture: 8 bits, grey or RGB, alpha or not.

    Raises:
        DataError: it is no image, or of a kind that is not read.
    """
    if pixels.show:
        return False
    found = describe(data, _wanted(pixels))
    return found.bits == 8 and found.channels - found.alpha in (1, 3)


def visible_image(
    data: bytes,
    size: tuple[int, int] | None,
    max_megapixels: float = MAX_MEGAPIXELS,
    pixels: PixelFormat = RGB,
) -> np.ndarray:
    """uint8 (H, W, 3): an image file as people can look at it.

    Args:
        size: (height, width) in pixels; None for its own size.
        pixels: its channels, and which of them to show.

    Raises:
        DataError: as for `decode_image`.
    """
    if is_plain(data, pixels):
        return decode_image(data, size, max_megapixels)
    stored = read_stored(data, _wanted(pixels), max_megapixels)
    values_HWD, last = stored.values_HWD, stored.values_HWD.shape[2] - 1
    if stored.alpha and pixels.channels != last + 1 and last not in pixels.show:
        values_HWD = values_HWD[..., :-1]
    shown = visible(values_HWD, pixels.show)
    return shown if size is None else resize_image(shown, size)


def visible(image_HWD: np.ndarray, show: Sequence[int] = ()) -> np.ndarray:
    """uint8 (H, W, 3) picture of an image of any number of channels and type.

    Args:
        show: one or three channels, from 0; those that the image lacks are left out. Empty: the
            first three, or the first one as grey if there are fewer; a uint8 RGB picture is
            returned as it is.
    """
    channels = image_HWD.shape[2]
    chosen = [c for c in show if c < channels]
    if not chosen:
        if channels == 3 and image_HWD.dtype == np.uint8:
            return image_HWD
        chosen = [0, 1, 2] if channels >= 3 else [0]
    planes = [stretched(image_HWD[..., c]) for c in chosen]
    return np.stack(planes if len(planes) == 3 else planes[:1] * 3, -1)


def stretched(plane_HW: np.ndarray) -> np.ndarray:
    """uint8 (H, W): a channel between its percentiles; all black if it is constant."""
    step = max(1, int((plane_HW.size / SAMPLED) ** 0.5))
    low, high = np.percentile(plane_HW[::step, ::step], (LOW, HIGH))
    if high <= low:
        low, high = float(plane_HW.min()), float(plane_HW.max())
    scale = 255 / (high - low) if high > low else 0.0
    shown = (plane_HW.astype(np.float32) - np.float32(low)) * np.float32(scale)
    return np.clip(np.rint(shown), 0, 255).astype(np.uint8)


def _wanted(pixels: PixelFormat) -> int:
    return 1 if pixels.is_rgb else pixels.channels
