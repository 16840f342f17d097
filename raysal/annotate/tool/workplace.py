"""What the labelling tool works on, whatever it is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np

from raysal.annotate.asked import Asked, AskedImage
from raysal.annotate.tool.index import AnswerIndex
from raysal.annotate.tool.prepare.guide import Guide
from raysal.data.sets.base import Colour

RunState = Literal["asks", "works", "stopped", "finished", "view"]
"""It waits for answers; it computes, or will when it is run again; nothing more will be asked; or
what was asked is only looked at."""
Unit = Literal["images", "regions", "pixels"]
RECENT_S = 1.0
"""What was looked at so short a time ago is recent enough for a line about the run; what the server
itself stores is seen at once."""


@dataclass(frozen=True)
class Past:
    """What people have labelled in queries that are over.

    Attributes:
        seconds: of work, as far as they are known.
    """

    images: int = 0
    queries: int = 0
    seconds: float = 0.0


@dataclass(frozen=True)
class View:
    """What is there to be annotated at a moment.

    Attributes:
        generation: another one whenever other images, or another model, are shown.
        heading: what is asked, for the page.
        state, text: of the run, for the page; the text is a plain line.
        asked: the images in order, with the model.
        unit: of the progress.
        guides: what helps with each query, by its name.
        past: what was labelled before.
    """

    generation: str
    heading: str
    state: RunState
    text: str
    asked: Asked
    unit: Unit = "images"
    guides: Mapping[str, Guide] = field(default_factory=dict)
    past: Past = Past()

    @property
    def by_key(self) -> Mapping[str, AskedImage]:
        """The images by key, in order."""
        return self.asked.by_key


def key_of(image: AskedImage) -> str:
    """The name of an image in URLs."""
    return image.key


class Workplace(ABC):
    """Something that is annotated.

    Attributes:
        title: for the page and the terminal.
        class_names, palette: (C,) of classes 0..C-1.
        folder: for files of the tool: people, cached layers, and the lock of the server.
        writes: whether answers are taken; if not, what was answered is looked at.
        demo: whether the truth is known and shown.
        extends: whether labels of regions are extended to the rest of the image.
        index: of the answers.
    """

    title: str
    class_names: tuple[str, ...]
    palette: tuple[Colour, ...]
    folder: Path
    writes: bool = True
    demo: bool = False
    extends: bool = False

    def __init__(self) -> None:
        self.index = AnswerIndex()

    @abstractmethod
    def view(self) -> View:
        """What is there now; quick if nothing has changed since the last call.

        Raises:
            RaysalError: something is damaged.
        """

    def is_open(self, image: AskedImage) -> bool:
        """Whether an answer for an image still counts."""
        return self.writes

    def shown(self, image: AskedImage) -> np.ndarray | None:
        """What was answered where nothing is written: uint8 (H, W) at the image's own size.

        Raises:
            DataError: it is damaged.
        """
        return None

    def agreement(self, image: AskedImage, raster: np.ndarray) -> float | None:
        """The share of the labelled pixels that agree with the truth, 0..1; None if it is unknown,
        or nothing is labelled."""
        return None

    def start(self) -> None:  # noqa: B027
        """Begin work in the background, if there is any; called once the server listens."""

    def close(self) -> None:  # noqa: B027
        """End it."""
