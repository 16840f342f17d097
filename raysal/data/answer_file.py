"""One answer of an annotator, and its file: a PNG of class ids with all that is known about it."""

from __future__ import annotations

import io
import time
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from raysal.data.decode import IGNORE
from raysal.data.text import on_one_line
from raysal.errors import DataError
from raysal.storage.seal import hash_bytes

if TYPE_CHECKING:
    from PIL import PngImagePlugin

State = Literal["draft", "review", "done", "unusable"]
"""Still being drawn; finished by its annotator, but a second annotator or a reviewer has yet to see
it; finished; or the image cannot be labelled."""
SETTLED: frozenset[State] = frozenset({"done", "unusable"})
"""States in which an answer counts for the run that asked."""
OUTSIDE = -1
"""Stands for all that is outside of the asked regions."""
NAME_CHARACTERS, NOTE_CHARACTERS = 200, 2000
"""Of an annotator's name and a note, what is longer is cut off."""
MAX_COUNT = 10**9
"""More clicks, undos or seconds than any answer has; sums of them stay exact."""
_TEXT = "raysal-answer"
_REFUSED = b"rsRf"
"""Chunk of the PNG, private and not critical, with the refused pixels: packed bits, deflated."""
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
    seconds: float = Field(ge=0, le=MAX_COUNT, allow_inf_nan=False)
    clicks: int = Field(ge=0, le=MAX_COUNT)
    undos: int = Field(ge=0, le=MAX_COUNT)


@dataclass(frozen=True)
class Answer:
    """What an annotator gave for one image.

    Attributes:
        raster: uint8 (H, W) class ids at the image's own size as it is shown, 255 not labelled;
            None if it cannot be labelled.
        annotator: who gave it; of `annotator`, `reviewer` and `note`, one line of printable
            characters is stored.
        tool: the program, or the format of the file, that it came from.
        seconds: working time, None if unknown.
        clicks: number of clicks, None if unknown.
        undos: number of steps that were taken back, None if unknown.
        work: what these consist of, if the tool knows.
        note: of the annotator, such as why the image cannot be labelled.
        reviewer: who accepted or corrected it; empty if nobody did.
        session: of the labelling tool, in which it was drawn; empty for other tools.
        started_from: version of another annotator's answer that this one goes on from, directly or
            through own versions; 0 if it was begun blank or with a prediction. See `origin`.
        refused: bool (H, W), pixels in which the annotator refused an extended label; None if it
            is none.
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
    started_from: int = 0
    refused: np.ndarray | None = None
    saved_at: float = field(default_factory=time.time)
    version: int = 0


class AnswerHead(BaseModel):
    """An answer without its raster and refused pixels; see `Answer`.

    Attributes:
        size: (height, width) of the raster; None if there is none.
        raster_hash: BLAKE2b of the raster, by which equal ones are found without decoding them.
        refused_hash: the same of the refused pixels; empty if there are none.
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
    started_from: int = 0
    saved_at: float
    version: int
    size: tuple[int, int] | None
    raster_hash: str
    refused_hash: str = ""

    @property
    def settled(self) -> bool:
        """Whether it counts for the run that asked."""
        return self.state in SETTLED

    @property
    def has_refused(self) -> bool:
        """Whether extended labels are refused in it."""
        return bool(self.refused_hash)

    @property
    def independent(self) -> bool:
        """Whether it is one person's work: not begun with another's answer, and not reviewed."""
        return not self.started_from and not self.reviewer


_SHARED = frozenset(AnswerHead.model_fields) & frozenset(Answer.__dataclass_fields__)
"""What both say about an answer."""


def origin(base: AnswerHead | None, annotator: str) -> int:
    """What `Answer.started_from` is of an answer that goes on from another.

    Args:
        base: the answer that it goes on from; None if it was begun blank or with a prediction.
        annotator: who goes on.
    """
    if base is None:
        return 0
    return base.started_from if base.annotator == annotator else base.version


def head_of(answer: Answer, version: int) -> AnswerHead:
    """The head of an answer that is to be saved as a version."""
    raster, refused = answer.raster, answer.refused
    assert refused is None or (raster is not None and refused.shape == raster.shape)
    known = {name: getattr(answer, name) for name in AnswerHead.model_fields if name in _SHARED}
    texts = {
        "annotator": as_stored(answer.annotator),
        "reviewer": as_stored(answer.reviewer),
        "note": on_one_line(answer.note, NOTE_CHARACTERS),
    }
    return AnswerHead(
        **known | texts | {"version": version},
        size=None if raster is None else (raster.shape[0], raster.shape[1]),
        raster_hash=raster_hash(raster),
        refused_hash=raster_hash(_packed(refused)),
    )


def as_stored(name: str) -> str:
    """The name of an annotator as answers have it."""
    return on_one_line(name, NAME_CHARACTERS)


def raster_hash(raster: np.ndarray | None) -> str:
    """BLAKE2b of a raster and its size; that of no raster is the empty text."""
    if raster is None:
        return ""
    return hash_bytes(f"{raster.shape}".encode() + np.ascontiguousarray(raster).tobytes())


def encode(answer: Answer, head: AnswerHead) -> bytes:
    """The file of an answer."""
    from PIL import Image, PngImagePlugin

    chunks = PngImagePlugin.PngInfo()
    chunks.add_itxt(_TEXT, head.model_dump_json())  # Before the pixels.
    if (packed := _packed(answer.refused)) is not None:
        chunks.add(_REFUSED, zlib.compress(packed.tobytes()), after_idat=True)
    raster = _NO_RASTER if answer.raster is None else answer.raster
    buffer = io.BytesIO()
    Image.fromarray(raster).save(buffer, format="PNG", compress_level=3, pnginfo=chunks)
    return buffer.getvalue()


def read_head(path: Path) -> AnswerHead:
    """What a file says about its answer; the pixels are not decoded.

    Raises:
        DataError: it is damaged.
        FileNotFoundError: it is not there, such as a draft that was removed meanwhile.
        PermissionError: somebody else's, who does not let others read it.
    """
    from PIL import Image

    try:
        with Image.open(path, formats=("PNG",)) as image:
            return AnswerHead.model_validate_json(str(image.info.get(_TEXT, "")))
    except (FileNotFoundError, PermissionError):
        raise
    except (OSError, ValueError, SyntaxError, ValidationError) as error:
        raise damaged(path) from error


def read_answer(path: Path, head: AnswerHead) -> Answer:
    """The answer in a file.

    Raises:
        DataError, FileNotFoundError, PermissionError: as for `read_head`.
    """
    from PIL import Image, PngImagePlugin

    raster = refused = None
    if head.size is not None:
        try:
            with Image.open(path, formats=("PNG",)) as image:
                assert isinstance(image, PngImagePlugin.PngImageFile)
                raster = np.array(image)
                if head.has_refused:
                    refused = _refused(image, head.size)
        except (FileNotFoundError, PermissionError):
            raise
        except (OSError, ValueError, SyntaxError, StopIteration, zlib.error) as error:
            raise damaged(path) from error
        if (raster_hash(raster), raster_hash(_packed(refused))) != (
            head.raster_hash,
            head.refused_hash,
        ):
            raise damaged(path)
    known = {name: value for name, value in head if name in _SHARED}
    return Answer(raster=raster, refused=refused, **known)


def damaged(path: Path) -> DataError:
    """What is to be done about a damaged file."""
    return DataError(
        f"the answer {path} is damaged; remove this file, so that the version before it counts, or "
        "the image is asked for again"
    )


def _refused(image: PngImagePlugin.PngImageFile, size: tuple[int, int]) -> np.ndarray:
    """bool (H, W), from the chunk of a picture that is decoded."""
    data = next(chunk[1] for chunk in image.private_chunks if chunk[0] == _REFUSED)
    pixels = size[0] * size[1]
    bits = np.frombuffer(zlib.decompressobj().decompress(data, pixels // 8 + 1), np.uint8)
    return np.unpackbits(bits, count=pixels).reshape(size).astype(bool)


def _packed(refused: np.ndarray | None) -> np.ndarray | None:
    """The bits of refused pixels; None if there are none."""
    return None if refused is None or not refused.any() else np.packbits(refused)
