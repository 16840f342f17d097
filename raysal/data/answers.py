"""Answers of annotators: class ids of an image at its own size; every version is kept.

    <store>/<hash of the image id>/000001-1f2e3d4c.png

Each answer is one PNG, written by one rename, with what else is known about it (`_Head`) in a text
chunk. Nothing is changed, so that any number of processes may read and write a store at once. The
latest version is the current one; if two writers saved the same version number, both files stay,
and the one that was saved later counts. Only a draft is ever removed: once the same session has
saved a later version of its image, since the labelling tool saves one after every stroke.
"""

from __future__ import annotations

import contextlib
import io
import re
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Literal, TypeVar

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from raysal.data.decode import IGNORE
from raysal.errors import DataError
from raysal.storage.atomic import write_bytes
from raysal.storage.seal import hash_bytes

T = TypeVar("T")
State = Literal["draft", "review", "done", "unusable"]
"""Still being drawn; finished by its annotator, but a second annotator or a reviewer has yet to see
it; finished; or the image cannot be labelled."""
SETTLED: frozenset[State] = frozenset({"done", "unusable"})
"""States in which an answer counts for the run that asked."""
OUTSIDE = -1
"""Stands for all that is outside of the asked regions."""
_TRIES = 5
_CHUNK = "raysal-answer"
_FILE = re.compile(r"(\d{6,})-[0-9a-f]{8}\.png")
_NO_RASTER = np.full((1, 1), IGNORE, np.uint8)


class Work(BaseModel):
    """What one tool did for one class in one region.

    Attributes:
        region: index among the asked rectangles; `OUTSIDE` of them.
        class_id: 0..C-1, 255 for the eraser.
        tool: name, such as `brush`.
        seconds: working time.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    region: int = Field(ge=OUTSIDE)
    class_id: int = Field(ge=0, le=IGNORE)
    tool: str = Field(max_length=40)
    seconds: float = Field(ge=0, allow_inf_nan=False)
    clicks: int = Field(ge=0)
    undos: int = Field(ge=0)


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
        undos: number of steps that were taken back, None if unknown.
        work: what these consist of, if the tool knows.
        note: of the annotator, such as why the image cannot be labelled.
        reviewer: who accepted or corrected it; empty if nobody did.
        session: of the labelling tool, in which it was drawn; empty for other tools.
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
    undos: int | None = None
    work: tuple[Work, ...] = ()
    note: str = ""
    reviewer: str = ""
    session: str = ""
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
    undos: int | None = None
    work: tuple[Work, ...] = ()
    note: str
    reviewer: str = ""
    session: str = ""
    saved_at: float
    version: int
    size: tuple[int, int] | None
    raster_hash: str

    @property
    def settled(self) -> bool:
        """Whether it counts for the run that asked."""
        return self.state in SETTLED


class AnswerStore:
    """The answers to one query.

    Args:
        folder: made with the first answer.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def save(self, answer: Answer) -> AnswerHead:
        """Save a new version, which becomes the current one.

        An earlier draft of the same session is then removed.

        Raises:
            OSError: no space, no permission; nothing is left behind.
        """
        folder = self._folder_of(answer.image_id)
        folder.mkdir(parents=True, exist_ok=True)
        files = list(_files(folder))
        version = max((number for number, _ in files), default=0) + 1
        raster = _NO_RASTER if answer.raster is None else answer.raster
        head = AnswerHead(
            image_id=answer.image_id,
            state=answer.state,
            annotator=answer.annotator,
            tool=answer.tool,
            seconds=answer.seconds,
            clicks=answer.clicks,
            undos=answer.undos,
            work=answer.work,
            note=answer.note,
            reviewer=answer.reviewer,
            session=answer.session,
            saved_at=answer.saved_at,
            version=version,
            size=None if answer.raster is None else (raster.shape[0], raster.shape[1]),
            raster_hash=raster_hash(answer.raster),
        )
        name = f"{version:06d}-{uuid.uuid4().hex[:8]}.png"
        write_bytes(folder / name, _encode(raster, head))
        if answer.session:
            _remove_draft(files, head)
        return head

    def current(self, image_id: str) -> Answer | None:
        """The current answer for an image; None if there is none.

        Raises:
            DataError: its file is damaged.
        """

        def read() -> Answer | None:
            newest = self._newest(self._folder_of(image_id), image_id)
            return None if newest is None else _answer(*newest)

        return _whatever_goes(read)

    def current_head(self, image_id: str) -> AnswerHead | None:
        """As `current`, without the raster."""
        folder = self._folder_of(image_id)
        newest = _whatever_goes(lambda: self._newest(folder, image_id))
        return None if newest is None else newest[1]

    def heads(self) -> dict[str, AnswerHead]:
        """The current answers without their rasters, by image id.

        Raises:
            DataError: a file is damaged.
        """
        found = {}
        if self.folder.is_dir():
            for folder in sorted(self.folder.iterdir()):
                newest = _whatever_goes(partial(self._newest, folder))
                if newest is not None:
                    found[newest[1].image_id] = newest[1]
        return found

    def versions(self, image_id: str) -> list[Answer]:
        """All answers for an image, oldest first.

        Raises:
            DataError: a file is damaged.
        """
        return _whatever_goes(lambda: [_answer(*both) for both in self._by_age(image_id)])

    def version_heads(self, image_id: str) -> list[AnswerHead]:
        """As `versions`, without the rasters."""
        return [head for _, head in _whatever_goes(lambda: self._by_age(image_id))]

    def latest_of(self, image_id: str, annotator: str) -> Answer | None:
        """The latest answer that one annotator gave for an image; None if there is none.

        Raises:
            DataError: a file is damaged.
        """

        def read() -> Answer | None:
            own = [both for both in self._by_age(image_id) if both[1].annotator == annotator]
            return _answer(*own[-1]) if own else None

        return _whatever_goes(read)

    def _by_age(self, image_id: str) -> list[tuple[Path, AnswerHead]]:
        files = _files(self._folder_of(image_id))
        return sorted(((path, _head(path)) for _, path in files), key=_age)

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


def _whatever_goes(read: Callable[[], T]) -> T:
    """What `read` returns, again from the start if a draft was removed while it read."""
    for _ in range(_TRIES):
        with contextlib.suppress(FileNotFoundError):
            return read()
    return read()


def _remove_draft(files: list[tuple[int, Path]], newer: AnswerHead) -> None:
    """Remove the newest of an image's files before `newer` if it is a draft of the same session."""
    if not files:
        return
    path = max(files)[1]
    with contextlib.suppress(DataError, FileNotFoundError):
        head = _head(path)
        if head.state == "draft" and (head.session, head.annotator) == (
            newer.session,
            newer.annotator,
        ):
            path.unlink()


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
    except FileNotFoundError:
        raise  # A draft, removed meanwhile: see `_whatever_goes`.
    except (OSError, ValueError, SyntaxError, ValidationError) as error:
        raise _damaged(path) from error


def _answer(path: Path, head: AnswerHead) -> Answer:
    from PIL import Image

    raster = None
    if head.size is not None:
        try:
            with Image.open(path, formats=("PNG",)) as image:
                raster = np.array(image)
        except FileNotFoundError:
            raise
        except (OSError, ValueError, SyntaxError) as error:
            raise _damaged(path) from error
        if raster_hash(raster) != head.raster_hash:
            raise _damaged(path)
    known = {name: value for name, value in head if name not in ("size", "raster_hash")}
    return Answer(raster=raster, **known)


def _damaged(path: Path) -> DataError:
    return DataError(
        f"the answer {path} is damaged; remove this file, so that the version before it counts, or "
        "the image is asked for again"
    )
