"""A piece of work for a worker process, and what it finds there."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from raysal.annotate.tool.prepare.cache import Cache
from raysal.data.decode import decode_image
from raysal.data.pixel_format import PixelFormat
from raysal.data.visible import visible_image
from raysal.errors import DataError

if TYPE_CHECKING:
    from raysal.models.checkpoint import LoadedModel


@dataclass
class Tools:
    """What the tasks of one worker process share.

    Attributes:
        threads: of torch; 0 for half of the cores, as others are needed to draw.
    """

    cache: Cache
    threads: int
    _loaded: tuple[Path, LoadedModel] | None = field(default=None, repr=False)

    def threads_of_torch(self) -> int:
        """The number of threads that a network uses."""
        from raysal.inference.cores import cores

        return self.threads or max(1, cores() // 2)

    def model(self, path: Path) -> LoadedModel:
        """A model on the default device, loaded once; the one before is forgotten.

        Raises:
            CheckpointError: it cannot be read.
        """
        if self._loaded is None or self._loaded[0] != path:
            import torch

            from raysal.inference.device import default_device
            from raysal.models.checkpoint import load_model

            torch.set_num_threads(self.threads_of_torch())
            self._loaded = None
            self._loaded = (path, load_model(path, default_device()))
        return self._loaded[1]


@dataclass(frozen=True)
class Task(ABC):
    """Work on one picture, whose result goes into the cache.

    Attributes:
        key: of the result in the cache.
        data: the encoded picture.
        size: (height, width) that it should have, upright.
    """

    key: str
    data: bytes = field(repr=False)
    size: tuple[int, int]

    @abstractmethod
    def run(self, tools: Tools) -> None:
        """Put the result into the cache.

        Raises:
            RaysalError: it cannot be computed; the message is one line for the user.
        """


def decoded(data: bytes, size: tuple[int, int], pixels: PixelFormat) -> np.ndarray:
    """The upright picture as a network sees it, see `decode_image`.

    Args:
        size: (height, width) that it should have.

    Raises:
        DataError: it cannot be read, or has another size.
    """
    # The pool of the run, or whoever gave the folder of images, has limited its size already.
    return _of_size(decode_image(data, None, float("inf"), pixels), size)


def seen(data: bytes, size: tuple[int, int], pixels: PixelFormat) -> np.ndarray:
    """As `decoded`, but as people see it: uint8 (H, W, 3), see `visible_image`."""
    return _of_size(visible_image(data, None, float("inf"), pixels), size)


def _of_size(picture: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    if picture.shape[:2] != size:
        height, width = picture.shape[:2]
        raise DataError(
            f"the image is now {height} x {width} (height x width), and was {size[0]} x {size[1]} "
            "when it was chosen"
        )
    return picture
