"""Images that are asked for, made up, and rasters to answer them with."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from raysal.annotate.asked import Asked, AskedImage, OwnRectangle
from raysal.annotate.exchange.bundle import open_bundle
from raysal.annotate.exchange.format import Format, Sheet
from raysal.annotate.exchange.names import file_stems
from raysal.annotate.exchange.registry import format_of
from raysal.annotate.match import Row
from raysal.annotate.take import Options, take_answers
from raysal.data.decode import IGNORE
from raysal.progress import Silent

NAMES = ("sky", 'a "road" & <b>', "tree \u00e4", "car")
PALETTE = ((70, 130, 180), (128, 64, 128), (107, 142, 35), (0, 0, 142))
IDS = ("a/b/1", "a/b/2 \u00fc", "c 1", "d#%20(x)")
SIZE = (24, 36)


def image_file(size: tuple[int, int], kind: str = "JPEG", orientation: int = 1) -> bytes:
    """An image whose stored size is (height, width)."""
    rng = np.random.default_rng(0)
    image = Image.fromarray(rng.integers(0, 255, (*size, 3)).astype(np.uint8))
    exif = image.getexif()
    if orientation != 1:
        exif[0x112] = orientation
    buffer = io.BytesIO()
    image.save(buffer, format=kind, exif=exif)
    return buffer.getvalue()


def asked_image(
    image_id: str,
    size: tuple[int, int] = SIZE,
    rectangles: Sequence[OwnRectangle] = (),
    query: str = "initial",
    data: bytes | None = None,
    path: Path | None = None,
) -> AskedImage:
    """An image that is asked for, wholly or in rectangles."""
    content = image_file(size) if data is None else data
    return AskedImage(
        image_id=image_id,
        query=query,
        size=size,
        rectangles=tuple(rectangles) or ((0, 0, *size),),
        path=path,
        read=lambda: content,
    )


def asked_for(
    folder: Path,
    images: Sequence[AskedImage] | None = None,
    names: tuple[str, ...] = NAMES,
    palette: Any = PALETTE,
) -> Asked:
    """All that is asked for; by default four images, one of them in two regions."""
    if images is None:
        regions = ((2, 3, 8, 9), (12, 20, 10, 16))
        images = [asked_image(i, rectangles=regions if i == "c 1" else ()) for i in IDS]
    return Asked(
        name="mine",
        class_names=names,
        palette=palette[: len(names)],
        images=tuple(images),
        answers=folder / "answers",
        model=None,
    )


def random_raster(
    image: AskedImage, seed: int, classes: int = len(NAMES), unlabelled: float = 0.2
) -> np.ndarray:
    """Blocks and single pixels of all classes inside of what is asked, 255 elsewhere."""
    rng = np.random.default_rng(seed)
    height, width = image.size
    coarse = rng.integers(0, classes, (-(-height // 4), -(-width // 4)))
    raster = np.kron(coarse, np.ones((4, 4), int))[:height, :width].astype(np.uint8)
    single = rng.random(image.size) < 0.1
    raster[single] = rng.integers(0, classes, single.sum())
    raster[rng.random(image.size) < unlabelled] = IGNORE
    inside = np.zeros(image.size, bool)
    for row, col, rows, cols in image.rectangles:
        inside[row : row + rows, col : col + cols] = True
    return np.where(inside, raster, np.uint8(IGNORE))


def sheets(asked: Asked, rasters: dict[str, np.ndarray], flat: bool) -> list[Sheet]:
    """The images with rasters as prelabels."""
    stems = file_stems([image.image_id for image in asked.images], flat)
    return [
        Sheet(image, f"{stem}.jpg", None, rasters.get(image.image_id), 0.5)
        for image, stem in zip(asked.images, stems, strict=True)
    ]


def write(to: Format, asked: Asked, rasters: dict[str, np.ndarray], folder: Path) -> Path:
    """Write rasters as prelabels into a folder."""
    folder.mkdir(parents=True)
    to.write(asked, sheets(asked, rasters, to.flat), folder, folder.name)
    return folder


def take(asked: Asked, source: Path, **options: Any) -> dict[str, Row]:
    """Take answers, by a certain annotator; the rows by image."""
    options = {"otherwise": "ann", **options}
    return {row.image: row for row in take_answers(asked, source, Options(**options), Silent())}


def stored(asked: Asked) -> dict[str, np.ndarray]:
    """The rasters of current answers by image."""
    found = {}
    for image in asked.images:
        answer = asked.store(image).current(image.image_id)
        if answer is not None and answer.raster is not None:
            found[image.image_id] = answer.raster
    return found


def recognised(path: Path) -> str:
    """The name of the format of files."""
    with open_bundle(path) as bundle:
        return format_of(bundle).name
