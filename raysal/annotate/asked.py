"""What people are asked to label."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from raysal.data.answers import AnswerStore
from raysal.data.pixel_format import RGB, PixelFormat
from raysal.data.sets.base import Colour
from raysal.storage.seal import hash_bytes

OwnRectangle = tuple[int, int, int, int]
"""Row, column, height, width in pixels of the image's own size."""


@dataclass(frozen=True)
class AskedImage:
    """An image to be labelled, wholly or in some regions.

    Attributes:
        query: the name of the query that asks for it: `test`, `val`, `initial`, `round-000`.
        size: (height, width) of the image in pixels, as it is shown.
        rectangles: the regions, best first; the whole image is one rectangle.
        path: the image file; None if there is none, as for drawn images.
        read: gives the encoded image.
        scores: of the rectangles, by which they were chosen; None where there is none.
        pixels: the channels of the file, and which of them to show.
    """

    image_id: str
    query: str
    size: tuple[int, int]
    rectangles: tuple[OwnRectangle, ...]
    path: Path | None
    read: Callable[[], bytes]
    scores: tuple[float | None, ...] = ()
    pixels: PixelFormat = RGB

    @property
    def whole(self) -> bool:
        """Whether the whole image is asked for."""
        return self.rectangles == ((0, 0, *self.size),)

    @cached_property
    def key(self) -> str:
        """Its name in URLs: 32 hexadecimal digits, which are looked up, never a path."""
        return hash_bytes(f"{self.query}\0{self.image_id}".encode())


@dataclass(frozen=True)
class Asked:
    """All that a run, or another query, is waiting for.

    Attributes:
        name: of the run.
        class_names: (C,) names of classes 0..C-1.
        palette: (C,) their colours.
        images: in the order in which they should be labelled: test images first, then best first.
        answers: folder of the answers; each query has a store of its own in it.
        model: folder of the model that chose them, for predictions; None before the first.
        begun_by: the tool whose drafts are corrected; empty if labels are drawn anew.
    """

    name: str
    class_names: tuple[str, ...]
    palette: tuple[Colour, ...]
    images: tuple[AskedImage, ...]
    answers: Path
    model: Path | None
    begun_by: str = ""

    @property
    def run(self) -> Path:
        """The run's folder, as the user gave it."""
        return self.answers.parent

    @cached_property
    def by_id(self) -> dict[str, AskedImage]:
        """The images by id; no image is in two pending queries."""
        return {image.image_id: image for image in self.images}

    @cached_property
    def by_key(self) -> dict[str, AskedImage]:
        """The images by key."""
        return {image.key: image for image in self.images}

    def store(self, image: AskedImage) -> AnswerStore:
        """The store for answers to the query that asks for an image."""
        return AnswerStore(self.answers / image.query)


def where_asked(image: AskedImage) -> np.ndarray:
    """The pixels that are asked for: bool (H, W)."""
    asked = np.zeros(image.size, bool)
    for row, col, height, width in image.rectangles:
        asked[row : row + height, col : col + width] = True
    return asked


def is_answered(asked: Asked, image: AskedImage) -> bool:
    """Whether an image has an answer that counts.

    Raises:
        DataError: its current answer is damaged.
    """
    head = asked.store(image).current_head(image.image_id)
    return head is not None and head.settled
