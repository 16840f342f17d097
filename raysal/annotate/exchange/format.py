"""What a format of files must do, and what it is given."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from raysal.annotate.asked import Asked, AskedImage
from raysal.annotate.exchange.bundle import Bundle
from raysal.annotate.exchange.classes import Classes
from raysal.data.decode import IGNORE
from raysal.progress import Watch

Size = tuple[int, int]
"""(height, width) in pixels."""


@dataclass(frozen=True)
class Drawn:
    """What was drawn on an image.

    Attributes:
        raster: uint8 (H, W) class ids, 255 where nothing is drawn.
        remarks: what the user should know about it.
        nothing: the class id that stands where nothing is drawn, besides 255.
    """

    raster: np.ndarray
    remarks: tuple[str, ...] = ()
    nothing: int = IGNORE


@dataclass(frozen=True)
class Given:
    """An annotation of one image in files that were handed in; its pixels are not decoded yet.

    Attributes:
        where: the place in the files, for messages.
        names: what the files call the image, the surest first; none for what is of no image,
            which is refused.
        draw: decodes it for an image of a size; raises DataError if it cannot be used.
        size: of the image, if the files say it.
        annotator: empty if unknown.
        seconds: working time, None if unknown.
        at: when it was made, as text that sorts by time; empty if unknown.
        unusable: why the image cannot be labelled, as the annotator says; None if it can.
        refused: why this is no answer; None if it is one.
        empty: whether it is known that nothing is drawn.
    """

    where: str
    names: tuple[str, ...]
    draw: Callable[[Size], Drawn]
    size: Size | None = None
    annotator: str = ""
    seconds: float | None = None
    at: str = ""
    unusable: str | None = None
    refused: str | None = None
    empty: bool = False


@dataclass(frozen=True)
class Sheet:
    """An image as it is handed out.

    Attributes:
        file: the picture's path below the folder of pictures, with forward slashes.
        url: where the picture is, if it is not in the folder.
        prelabel: uint8 (H, W) class ids to be corrected, 255 outside of what is asked; or None.
        score: confidence in the prelabel, 0..1.
    """

    image: AskedImage
    file: str
    url: str | None = None
    prelabel: np.ndarray | None = None
    score: float | None = None


@dataclass(frozen=True)
class Reading:
    """How files are to be read.

    Attributes:
        by_colour: whether the colours of masks count, or their ids; None finds out.
    """

    classes: Classes
    by_colour: bool | None = None


class Format(ABC):
    """A format that a labelling program reads and writes."""

    name: str
    """As `--as` calls it."""
    described: str
    """What identifies it, for messages."""
    flat: bool = False
    """Whether the program forgets the folders of pictures that are uploaded."""

    @abstractmethod
    def recognise(self, bundle: Bundle) -> bool:
        """Whether files are of this format.

        Raises:
            DataError: they are of a similar one that cannot be read; says what to export.
        """

    @abstractmethod
    def read(self, bundle: Bundle, reading: Reading) -> Iterator[Given]:
        """The annotations in files, one at a time.

        Raises:
            DataError: the files are damaged, or not of this format.
        """

    @abstractmethod
    def write(self, asked: Asked, sheets: Iterable[Sheet], folder: Path, name: str) -> None:
        """Write what the program needs besides the pictures into a new folder.

        Args:
            folder: has a folder of pictures already, `images`, unless they are elsewhere.
            name: of the folder, when all is written.

        Raises:
            DataError: the format cannot express the classes.
        """

    @abstractmethod
    def steps(self, asked: Asked, folder: Path) -> Sequence[str]:
        """What to do with the folder, a few lines for the user."""

    def survey(self, found: Sequence[Given], watch: Watch) -> None:  # noqa: B027
        """Look at all annotations that are to be taken before the first one is, and say what may
        be wrong with all of them.

        Raises:
            DataError: all of them are wrong in the same way.
        """
