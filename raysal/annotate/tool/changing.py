"""The routes that change something, or compute."""

from __future__ import annotations

from typing import Any, Literal, TypeVar

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, Field, ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from raysal.annotate.tool.desk import Desk
from raysal.annotate.tool.door import Here, Who
from raysal.annotate.tool.layers import fill
from raysal.annotate.tool.save import (
    MAX_NOTE,
    RefusedError,
    inflated,
    most_bytes,
    parse,
    said,
    too_long,
)
from raysal.annotate.tool.writing import lease, review, save
from raysal.errors import RaysalError, one_line

SMALL_BODY = 1 << 20
MAX_SEEDS = 10_000

T = TypeVar("T", bound=BaseModel)
router = APIRouter(prefix="/api/images/{key}")


class LeaseBody(BaseModel):
    """Of a lease."""

    session: str = Field(default="", max_length=64)


class ReviewBody(BaseModel):
    """Of a review."""

    verdict: Literal["accept", "return"]
    note: str = Field(default="", max_length=MAX_NOTE)


class FillBody(BaseModel):
    """Of a scribble fill.

    Attributes:
        region: that is filled; None for all that is asked.
        seeds: superpixel and class.
    """

    grain: Literal["coarse", "medium", "fine"]
    region: int | None = Field(default=None, ge=0)
    seeds: list[tuple[int, int]] = Field(max_length=MAX_SEEDS)


@router.post("/lease")
async def post_lease(key: str, request: Request, desk: Here, person: Who) -> dict[str, Any]:
    """Take or renew a lease."""
    _parsed(LeaseBody, await _body(request, SMALL_BODY))
    return await run_in_threadpool(lease, desk, key, person)


@router.delete("/lease")
def delete_lease(key: str, desk: Here, person: Who) -> dict[str, Any]:
    """Give a lease back."""
    desk.leases.release(key, person.name)
    return {}


@router.post("/review")
async def post_review(key: str, request: Request, desk: Here, person: Who) -> dict[str, Any]:
    """Accept or send back."""
    given = _parsed(ReviewBody, await _body(request, SMALL_BODY))
    return await run_in_threadpool(review, desk, key, person, given.verdict, given.note)


@router.post("/fill")
async def post_fill(key: str, request: Request, desk: Here, person: Who) -> Response:
    """Classes of superpixels that follow from those of some."""
    given = _parsed(FillBody, await _body(request, SMALL_BODY))
    return await run_in_threadpool(_filled, desk, key, given)


@router.put("/answer")
async def put_answer(key: str, request: Request, desk: Here, person: Who) -> dict[str, Any]:
    """Store what was drawn. The event loop only receives it: a thread does the rest."""
    image = await run_in_threadpool(desk.image, key)
    if not desk.writes:
        raise RefusedError(403, "this is only shown, nothing is stored")
    most = most_bytes(image)
    body = await _body(request, most)
    coding = request.headers.get("content-encoding", "identity").lower()
    if coding not in ("gzip", "identity"):
        raise RefusedError(415, "send the body as it is, or with gzip")

    def store() -> dict[str, Any]:
        plain = inflated(body, most) if coding == "gzip" else body
        return save(desk, key, person, parse(plain, image, len(desk.workplace.class_names)))

    return await run_in_threadpool(store)


def _filled(desk: Desk, key: str, given: FillBody) -> Response:
    image, classes = desk.image(key), len(desk.workplace.class_names)
    if any(not 0 <= class_id < classes for _, class_id in given.seeds):
        raise RefusedError(422, f"seeds: a class id is outside 0..{classes - 1}")
    if given.region is not None and given.region >= len(image.rectangles):
        raise RefusedError(
            422, f"there is no region {given.region}: {len(image.rectangles)} are asked"
        )
    rectangles = image.rectangles if given.region is None else [image.rectangles[given.region]]
    try:
        found = fill(desk.preparation, key, given.grain, given.seeds, rectangles)
    except RaysalError as error:
        raise RefusedError(422, one_line(error)) from None
    if found is None:
        return JSONResponse({"pending": True}, 202)
    return JSONResponse({"fill": [list(pair) for pair in found]})


async def _body(request: Request, most: int) -> bytes:
    """The body; not more than `most` bytes of it are kept.

    Raises:
        RefusedError: it is longer.
    """
    length = request.headers.get("content-length", "0")
    if not (length.isascii() and length.isdecimal()) or int(length[:20]) > most:
        raise too_long(most)
    found = bytearray()
    try:
        async for chunk in request.stream():
            found += chunk
            if len(found) > most:
                raise too_long(most)
    except ClientDisconnect:  # A page that is reloaded; nobody is there to be answered.
        raise RefusedError(400, "the body is cut off") from None
    return bytes(found)


def _parsed(kind: type[T], body: bytes) -> T:
    try:
        return kind.model_validate_json(body or b"{}")
    except ValidationError as error:
        raise RefusedError(422, said(error)) from None
