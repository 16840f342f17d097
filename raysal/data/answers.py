"""Answers of annotators: class ids of an image at its own size; every version is kept.

    <store>/<hash of the image id>/000001-1f2e3d4c.png

Each answer is one PNG, written by one rename, with what else is known about it (`_Head`) in a text
chunk. Nothing is changed or removed, so that any number of processes may read and write a store at
once. The latest version is the current one; if two writers saved the same version number, both
files stay, and the one that was saved later counts.
"""

from __future__ import annotations

import io
import re
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError

from raysal.data.decode import IGNORE
from raysal.errors import DataError
from raysal.storage.atomic import write_bytes
from raysal.storage.seal import hash_bytes

State = Literal["draft", "done", "unusable"]
"""Still being drawn; finished; or the image cannot be labelled."""
_CHUNK = "raysal-answer"
_FILE = re.compile(r"(\d{6,})-[0-9a-f]{8}\.png")
_NO_RASTER = np.full((1, 1), IGNORE, np.uint8)


@dataclass(frozen=True)
class Answer:
    """What an annotator gave for one image.

    Attributes:
        raster: uint8 (H, W) class ids at the image's own size as it is shown, 255 not labelled;
            None if it cannot be labelled.
        annotator: who gave it.
        tool: the program, or the format of the file, that it came from.
        seconds: working time, None if unknown.
        clicks: number of clicks, None if unknown.
        note: of the annotator, such as why the image cannot be labelled.
        saved_at: seconds since the epoch.
        version: counted from 1; 0 before it is saved.
    """

    image_id: str
    raster: np.ndarray | None
    annotator: str
    tool: str
    state: State = "done"
    seconds: float | None = None
    clicks: int | None = None
    note: str = ""
    saved_at: float = field(default_factory=time.time)
    version: int = 0


class AnswerHead(BaseModel):
    """An answer without its raster; see `Answer`.

    Attributes:
        size: (height, width) of the raster; None if there is none.
        raster_hash: BLAKE2b of the raster, by which equal ones are found without decoding them.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    image_id: str
    state: State
    annotator: str
    tool: str
    seconds: float | None
    clicks: int | None
    note: str
    saved_at: float
    version: int
    size: tuple[int, int] | None
    raster_hash: str


class AnswerStore:
    """The answers to one query.

    Args:
        folder: made with the first answer.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def save(self, answer: Answer) -> AnswerHead:
        """Save a new version, which becomes the current one.

        Raises:
            OSError: no space, no permission; nothing is left behind.
        """
        folder = self._folder_of(answer.image_id)
        folder.mkdir(parents=True, exist_ok=True)
        version = max((number for number, _ in _files(folder)), default=0) + 1
        raster = _NO_RASTER if answer.raster is None else answer.raster
        head = AnswerHead(
            image_id=answer.image_id,
            state=answer.state,
            annotator=answer.annotator,
            tool=answer.tool,
            seconds=answer.seconds,
            clicks=answer.clicks,
            note=answer.note,
            saved_at=answer.saved_at,
            version=version,
            size=None if answer.raster is None else (raster.shape[0], raster.shape[1]),
            raster_hash=raster_hash(answer.raster),
        )
        name = f"{version:06d}-{uuid.uuid4().hex[:8]}.png"
        write_bytes(folder / name, _encode(raster, head))
        return head

    def current(self, image_id: str) -> Answer | None:
        """The current answer for an image; None if there is none.

        Raises:
            DataError: its file is damaged.
        """
        newest = self._newest(self._folder_of(image_id), image_id)
        return None if newest is None else _answer(*newest)

    def current_head(self, image_id: str) -> AnswerHead | None:
        """As `current`, without the raster."""
        newest = self._newest(self._folder_of(image_id), image_id)
        return None if newest is None else newest[1]

    def heads(self) -> dict[str, AnswerHead]:
        """The current answers without their rasters, by image id.

        Raises:
            DataError: a file is damaged.
        """
        found = {}
        if self.folder.is_dir():
            for folder in sorted(self.folder.iterdir()):
                newest = self._newest(folder) if folder.is_dir() else None
                if newest is not None:
                    found[newest[1].image_id] = newest[1]
        return found

    def versions(self, image_id: str) -> list[Answer]:
        """All answers for an image, oldest first.

        Raises:
            DataError: a file is damaged.
        """
        heads = [(path, _head(path)) for _, path in _files(self._folder_of(image_id))]
        return [_answer(*both) for both in sorted(heads, key=_age)]

    def _newest(self, folder: Path, image_id: str | None = None) -> tuple[Path, AnswerHead] | None:
        files = list(_files(folder))
        last = max((number for number, _ in files), default=0)
        heads = [(path, _head(path)) for number, path in files if number == last]
        newest = max(heads, key=_age, default=None)
        if newest is not None and image_id not in (None, newest[1].image_id):
            raise _damaged(newest[0])
        return newest

    def _folder_of(self, image_id: str) -> Path:
        return self.folder / hash_bytes(image_id.encode())


def raster_hash(raster: np.ndarray | None) -> str:
    """BLAKE2b of a raster and its size; that of no raster is the empty text."""
    if raster is None:
        return ""
    return hash_bytes(f"{raster.shape}".encode() + np.ascontiguousarray(raster).tobytes())


def _files(folder: Path) -> Iterator[tuple[int, Path]]:
    """Version number and path of each answer in the folder of an image."""
    if folder.is_dir():
        for path in folder.iterdir():
            if match := _FILE.fullmatch(path.name):
                yield int(match[1]), path


def _age(file: tuple[Path, AnswerHead]) -> tuple[int, float, str]:
    path, head = file
    return head.version, head.saved_at, path.name


def _encode(raster: np.ndarray, head: AnswerHead) -> bytes:
    from PIL import Image, PngImagePlugin

    chunks = PngImagePlugin.PngInfo()
    chunks.add_itxt(_CHUNK, head.model_dump_json())  # Before the pixels.
    buffer = io.BytesIO()
    Image.fromarray(raster).save(buffer, format="PNG", compress_level=3, pnginfo=chunks)
    return buffer.getvalue()


def _head(path: Path) -> AnswerHead:
    """What a file says about its answer; the pixels are not decoded."""
    from PIL import Image

    try:
        with Image.open(path, formats=("PNG",)) as image:
            return AnswerHead.model_validate_json(str(image.info.get(_CHUNK, "")))
    except (OSError, ValueError, SyntaxError, ValidationError) as error:
        raise _damaged(path) from error


def _answer(path: Path, head: AnswerHead) -> Answer:
    from PIL import Image

    raster = None
    if head.size is not None:
        try:
            with Image.open(path, formats=("PNG",)) as image:
                raster = np.array(image)
        except (OSError, ValueError, SyntaxError) as error:
            raise _damaged(path) from error
        if raster_hash(raster) != head.raster_hash:
            raise _damaged(path)
    return Answer(raster=raster, **head.model_dump(exclude={"size", "raster_hash"}))


def _damaged(path: Path) -> DataError:
    return DataError(
        f"the answer {path} is damaged; remove this file, so that the version before it counts, or "
        "the image is asked for again"
    )
