"""Decoding JPEG pictures to the size of a network, compared with Pillow."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from raysal.bench.machine import prepare
from raysal.bench.result import Figure, Result
from raysal.bench.timing import measure
from raysal.data.decode import decode_image, encode_jpeg
from raysal.data.pixel_format import PixelFormat
from raysal.data.sets.streets.dataset import Streets
from raysal.data.walk import find_images
from raysal.errors import DataError
from raysal.progress import Watch

SCALED = PixelFormat(decode="scaled")
PARTS = (1, 2, 4)


def bench(
    images: Path | None, size: tuple[int, int], count: int, rounds: int, watch: Watch
) -> Result:
    """Time `count` pictures at full, half and quarter `size`, one after the other on one core.

    Args:
        images: folder of JPEG pictures; None for drawn streets of `size`.
        size: (height, width) in pixels.

    Raises:
        DataError: no such folder, or no picture in it.
    """
    settings = prepare()
    files = drawn(size, count) if images is None else read(images, count)
    steps: dict[str, Callable[[], object]] = {}
    for part in PARTS:
        wanted = (size[0] // part, size[1] // part)
        steps[f"pillow {part}"] = partial(each, by_pillow, files, wanted)
        steps[f"exact {part}"] = partial(each, decode_image, files, wanted)
        steps[f"scaled {part}"] = partial(each, by_scale, files, wanted)
        stored = [encode_jpeg(decode_image(data, wanted)) for data in files]
        steps[f"stored {part}"] = partial(each, decode_image, stored, wanted)
    timing = measure(steps, rounds, watch)
    figures: list[Figure] = []
    for part in PARTS:
        case = f"{size[1] // part}x{size[0] // part}"
        for kind in ("pillow", "exact", "scaled", "stored"):
            step, plain = f"{kind} {part}", f"pillow {part}"
            figures.append(timing.rate(step, kind, len(files), to=plain, name="pillow", of=case))
    return Result(
        "decode",
        tuple(figures),
        {
            "images": "drawn" if images is None else str(images),
            "size": f"{size[1]}x{size[0]}",
            "count": len(files),
            "rounds": rounds,
            **settings,
        },
        (
            "Each on one core. exact and scaled: see data.decode; stored: of a pool that was built "
            "with --size.",
        ),
    )


def small(engine: str, watch: Watch) -> Result:
    """See `raysal.bench.whole`."""
    return bench(None, (720, 1280), 8, 5, watch)


def each(
    decode: Callable[[bytes, tuple[int, int]], np.ndarray],
    files: Sequence[bytes],
    size: tuple[int, int],
) -> None:
    """Decode files one after the other."""
    for file in files:
        decode(file, size)


def by_scale(data: bytes, size: tuple[int, int]) -> np.ndarray:
    """As `data.decode: scaled` does."""
    return decode_image(data, size, pixels=SCALED)


def by_pillow(data: bytes, size: tuple[int, int]) -> np.ndarray:
    """Decoded whole, and resized: uint8 (H, W, 3)."""
    from PIL import Image

    with Image.open(io.BytesIO(data)) as image:
        rgb = image.convert("RGB")
        same = rgb.size == size[::-1]
        return np.asarray(rgb if same else rgb.resize(size[::-1], Image.Resampling.BILINEAR))


def drawn(size: tuple[int, int], count: int) -> Sequence[bytes]:
    """JPEG files of street scenes."""
    streets = Streets(size=size, train=count)
    return [streets.image_bytes(item) for item in streets.items("train")]


def read(folder: Path, count: int) -> Sequence[bytes]:
    """The first image files of a folder."""
    if not folder.is_dir():
        raise DataError(f"'{folder}' is no folder of images")
    paths = list(find_images(folder).images.values())[:count]
    if not paths:
        raise DataError(f"no image in '{folder}'")
    return [path.read_bytes() for path in paths]
