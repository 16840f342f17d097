"""What exported networks have in common; `raysal.models.archives` opens them.

An archive turns a batch of images (B, D, H, W) into class logits (B, C, h, w). It may be made for a
fixed batch and for a fixed size; `ExportedConfig.batch` says which batches it takes.

What raysal says about a model that it exports (classes, size, mean, deviation) is in the archive
itself: the extra file `raysal.json` of a pt2 archive, the metadata property `raysal` of ONNX.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from raysal.errors import CheckpointError

NOTE = "raysal.json"
"""Name of the extra file in a pt2 archive; in ONNX, the property is `raysal`."""


@dataclass(frozen=True)
class InputShape:
    """What the only input of an archive must look like; None where any number will do.

    Attributes:
        batch: a fixed number of images.
        fewest, most: limits of a batch that is not fixed, as far as the archive states them.
        channels, height, width: D, H and W.
        dtype: of the numbers.
    """

    batch: int | None
    channels: int | None
    height: int | None
    width: int | None
    dtype: torch.dtype = torch.float32
    fewest: int = 1
    most: int | None = None

    def takes(self, size: tuple[int, int]) -> bool:
        """Whether images of (height, width) fit."""
        return self.height in (None, size[0]) and self.width in (None, size[1])

    @property
    def sides(self) -> str:
        """As text: `64x96`, `64xany`."""
        return "x".join("any" if n is None else str(n) for n in (self.height, self.width))


class Archive(ABC):
    """An opened archive.

    Attributes:
        shape: of its input.
        note: what raysal wrote about the model when it exported it; empty for other archives.
        parameters: number of weights; None if that is unknown.
    """

    shape: InputShape
    note: dict[str, Any]
    parameters: int | None

    @abstractmethod
    def run(self, image_BDHW: Tensor) -> Any:
        """Whatever the archive returns for a batch of images that it takes."""

    @abstractmethod
    def place(self, device: torch.device) -> None:
        """Run on this device from now on."""


def read_note(text: str | bytes | None) -> dict[str, Any]:
    """The note in an archive; empty if there is none, or none that can be read."""
    try:
        note = json.loads(text or "{}")
    except ValueError:
        return {}
    return note if isinstance(note, dict) else {}


def reason(error: BaseException) -> str:
    """What an exception of other people's code says, in one line."""
    text = " ".join(str(error).split())[:300]
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def one_input(count: int) -> None:
    """Check the number of inputs.

    Raises:
        CheckpointError: it is not 1.
    """
    if count != 1:
        raise CheckpointError(f"takes {count} inputs; needed is one, a batch of images")
