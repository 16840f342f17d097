"""What the browser saves, checked before it is stored.

A line of JSON; then, unless the image cannot be labelled, the raster of class ids; then, if
extended labels are refused, a raster that is 1 where they are. A pixel is a byte.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from raysal.annotate.asked import AskedImage, where_asked
from raysal.annotate.exchange.canvas import times
from raysal.data.answer_file import MAX_COUNT
from raysal.data.answers import Work
from raysal.data.decode import IGNORE

HEAD_BYTES = 1 << 20
MAX_NOTE = 2000


class SaveHead(BaseModel):
    """The line of JSON.

    Attributes:
        base: version that was gone on with; 0 for none.
        session: of the page, by which its drafts replace each other.
        extend: whether to look for what the labels will be extended to, see `Preparation.extend`.
        refused: whether a raster of refused extended labels follows.
        force: store it although somebody else has saved meanwhile.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    state: Literal["draft", "done", "unusable"]
    base: int = Field(ge=0, le=MAX_COUNT)
    session: str = Field(min_length=1, max_length=64)
    seconds: float | None = Field(default=None, ge=0, le=MAX_COUNT, allow_inf_nan=False)
    clicks: int | None = Field(default=None, ge=0, le=MAX_COUNT)
    undos: int | None = Field(default=None, ge=0, le=MAX_COUNT)
    work: tuple[Work, ...] = Field(default=(), max_length=10_000)
    note: str = Field(default="", max_length=MAX_NOTE)
    extend: bool = False
    refused: bool = False
    force: bool = False


@dataclass(frozen=True)
class Saved:
    """What is to be stored.

    Attributes:
        raster: uint8 (H, W); None if the image cannot be labelled.
        refused: bool (H, W); None if no extended label is refused.
    """

    head: SaveHead
    raster: np.ndarray | None
    refused: np.ndarray | None = None


class RefusedError(Exception):
    """Something that is not done.

    Attributes:
        status: of HTTP.
        why: a plain line.
        more: for the page.
    """

    def __init__(self, status: int, why: str, **more: object) -> None:
        super().__init__(why)
        self.status, self.why, self.more = status, why, more


def most_bytes(image: AskedImage) -> int:
    """The length of the longest body that an image needs."""
    return HEAD_BYTES + 1 + 2 * image.size[0] * image.size[1]


def inflated(body: bytes, most: int) -> bytes:
    """A gzip body, uncompressed; no more than `most` bytes of it are ever in memory.

    Raises:
        RefusedError: it is longer, damaged or cut off.
    """
    unzip = zlib.decompressobj(wbits=31)
    try:
        data = unzip.decompress(body, most + 1)
    except zlib.error:
        raise RefusedError(422, "the body is not valid gzip") from None
    if len(data) > most:
        raise too_long(most)
    if not unzip.eof or unzip.unused_data:
        raise RefusedError(422, "the gzip body is cut off, or something follows it")
    return data


def too_long(most: int) -> RefusedError:
    """The body has more than `most` bytes."""
    return RefusedError(413, f"the body is longer than this image needs ({most} bytes)")


def said(error: ValidationError) -> str:
    """What the first mistake is."""
    first = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(map(str, first["loc"]))
    return f"{where}: {first['msg']}" if where else first["msg"]


def parse(body: bytes, image: AskedImage, classes: int) -> Saved:
    """Check a body.

    Raises:
        RefusedError: it does not fit the image or the classes.
    """
    line, _, rest = body.partition(b"\n")
    if len(line) > HEAD_BYTES:
        raise RefusedError(413, f"the first line is longer than {HEAD_BYTES} bytes")
    try:
        head = SaveHead.model_validate_json(line)
    except ValidationError as error:
        raise RefusedError(422, said(error)) from None
    for work in head.work:
        if not work.tool.isprintable():
            raise RefusedError(422, "work: the name of a tool has characters that cannot be shown")
        if work.region >= len(image.rectangles):
            raise RefusedError(422, f"work: region {work.region} of {len(image.rectangles)}")
        if classes <= work.class_id != IGNORE:
            raise RefusedError(422, f"work: class id {work.class_id} is outside 0..{classes - 1}")
    if head.state == "unusable":
        if rest:
            raise RefusedError(422, "an image that cannot be labelled has no raster")
        return Saved(head, None)
    pixels = image.size[0] * image.size[1]
    if len(rest) != pixels * (1 + head.refused):
        raise RefusedError(
            422,
            f"{len(rest)} pixels follow, the image has {pixels} ({times(image.size)})"
            + (", twice" if head.refused else ""),
        )
    raster = np.frombuffer(rest, np.uint8, pixels).reshape(image.size)
    wrong = (raster >= classes) & (raster != IGNORE)
    if wrong.any():
        raise RefusedError(
            422,
            f"class id {int(raster[wrong][0])} is outside 0..{classes - 1} (255 = not labelled)",
        )
    if head.state == "done" and (raster[where_asked(image)] == IGNORE).all():
        raise RefusedError(
            422, "nothing is drawn in what is asked; label it, or say that it cannot be labelled"
        )
    refused = np.frombuffer(rest, np.uint8, offset=pixels) if head.refused else None
    if refused is not None and refused.max() > 1:
        raise RefusedError(422, f"refused pixels are 1 and others 0, not {int(refused.max())}")
    return Saved(head, raster, None if refused is None else refused.reshape(image.size) > 0)
