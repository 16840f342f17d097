"""What is shown of one image: what is known of it, and its picture."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from raysal.annotate.pictures import picture
from raysal.annotate.tool.desk import Desk
from raysal.annotate.tool.layers import about
from raysal.annotate.tool.people import Person
from raysal.annotate.tool.save import RefusedError
from raysal.data.answers import AnswerHead
from raysal.data.decode import examine
from raysal.data.opening import opened
from raysal.data.pixel_format import PixelFormat
from raysal.data.pixels import as_rgb, upright
from raysal.data.visible import is_plain, visible_image
from raysal.errors import RaysalError, one_line
from raysal.storage.seal import hash_bytes

if TYPE_CHECKING:
    from PIL.Image import Image

FOLLOWING = 5
THUMBNAIL = 192
# Of the pictures that are as their files: those that browsers show.
TYPES = {
    "JPEG": "image/jpeg", "MPO": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp",
    "BMP": "image/bmp", "GIF": "image/gif",
}  # fmt: skip


def shown_image(desk: Desk, key: str, person: Person) -> dict[str, Any]:
    """An image, for the page; it and the next ones are prepared first from now on."""
    image = desk.image(key)
    if desk.preparation is not None:
        desk.preparation.want(key, following_of(desk, key, person), person.name)
    layers = about(desk.preparation, key)
    seen = desk.standing(image, person) if desk.workplace.writes else None
    return {
        "key": key,
        "id": image.image_id,
        "query": image.query,
        "size": list(image.size),
        "rectangles": [list(rectangle) for rectangle in image.rectangles],
        "whole": image.whole,
        "scores": list(image.scores),
        "answer": _answer(seen.head if seen else None),
        **layers,
        "layers": {"picture": key not in desk.unreadable, **layers["layers"]},
    }


def look_for_extended(desk: Desk, key: str, person: Person) -> None:
    """Extend the labels of the answer that a person goes on with, unless that was or is being done:
    a server that was started again has to begin anew."""
    image, preparation = desk.image(key), desk.preparation
    if preparation is None or not (desk.writes and desk.workplace.extends):
        return
    layer = preparation.state(key).get("extended")
    seen = desk.standing(image, person)
    if layer is not None and (layer.state != "ready" or layer.about.get("version") == seen.version):
        return
    answer = desk.answer(image, person)
    if answer is not None and answer.raster is not None:
        preparation.extend(key, answer.raster, answer.version)


def following_of(desk: Desk, key: str, person: Person) -> list[str]:
    """The images that a person is likely to open next."""
    keys = list(desk.view().by_key)
    at = keys.index(key) + 1 if key in keys else 0
    return keys[at : at + FOLLOWING]


def _answer(head: AnswerHead | None) -> dict[str, Any] | None:
    if head is None:
        return None
    return {
        "version": head.version,
        "state": head.state,
        "by": head.annotator,
        "note": head.note,
        "reviewer": head.reviewer,
        "seconds": head.seconds,
        "clicks": head.clicks,
        "undos": head.undos,
        "work": [work.model_dump() for work in head.work],
        "session": head.session,
        "savedAt": head.saved_at,
        "raster": head.size is not None,
        "refused": head.has_refused,
    }


@dataclass(frozen=True)
class Picture:
    """Attributes:
    data: the encoded picture, upright.
    kind: its media type.
    etag: changes with the content.
    """

    data: bytes
    kind: str
    etag: str


def shown_picture(desk: Desk, key: str) -> Picture:
    """The picture of an image: the file itself if it can be shown.

    Raises:
        RefusedError: it cannot be read; the queue says so, too.
    """
    image = desk.image(key)
    try:
        data = image.read()
        made = picture(image, data, drawn=False)
        etag = f'"{hash_bytes(data)}"'
        if made is None:
            examine(data, float("inf"))  # Browsers show what is there of a truncated file.
            made = data
        with opened(made, float("inf")) as found:
            kind = TYPES.get(str(found.format), "image/png")
    except (RaysalError, OSError) as error:
        desk.unreadable[key] = one_line(error)
        raise RefusedError(404, f"the picture cannot be read: {one_line(error)}") from None
    desk.unreadable.pop(key, None)
    return Picture(made, kind, etag)


def thumbnail(desk: Desk, key: str) -> bytes:
    """A JPEG of at most `THUMBNAIL` pixels a side.

    Raises:
        RefusedError: the picture cannot be read.
    """
    image = desk.image(key)
    if (found := desk.thumbnails.get(key)) is not None:
        return found
    try:
        data = image.read()
        buffer = io.BytesIO()
        _small(data, image.pixels).save(buffer, format="JPEG", quality=80)
    except (RaysalError, OSError) as error:
        raise RefusedError(404, f"the picture cannot be read: {one_line(error)}") from None
    desk.thumbnails.put(key, buffer.getvalue())
    return buffer.getvalue()


def _small(data: bytes, pixels: PixelFormat) -> Image:
    from PIL.Image import fromarray

    if is_plain(data, pixels):
        with opened(data, float("inf")) as image:
            image.draft("RGB", (2 * THUMBNAIL, 2 * THUMBNAIL))  # JPEGs are decoded small.
            shown = as_rgb(upright(image, data))
    else:
        shown = fromarray(visible_image(data, None, float("inf"), pixels))
    shown.thumbnail((THUMBNAIL, THUMBNAIL))
    return shown
