"""The routes that change nothing."""

from __future__ import annotations

import gzip
from typing import Any

import numpy as np
from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from raysal.annotate.tool.desk import Desk
from raysal.annotate.tool.door import Here, Who
from raysal.annotate.tool.layers import GRAINS, file_of
from raysal.annotate.tool.queue import queue
from raysal.annotate.tool.save import MAX_NOTE, RefusedError
from raysal.annotate.tool.showing import look_for_extended, shown_image, shown_picture, thumbnail
from raysal.annotate.tool.writing import TOOL
from raysal.storage.seal import hash_bytes

BYTES = "application/octet-stream"
# The browser keeps it, and asks whether it is still the same.
KEEP = "private, no-cache"
# Bytes from which on a body is compressed.
SMALL = 4096

router = APIRouter(prefix="/api")


@router.get("/session")
def get_session(desk: Here, person: Who) -> dict[str, Any]:
    """What does not change while the page is open."""
    place = desk.workplace
    classes = enumerate(zip(place.class_names, place.palette, strict=True))
    return {
        "name": person.name,
        "reviewer": person.reviewer,
        "readOnly": not desk.writes,
        "title": place.title,
        "classes": [{"id": n, "name": name, "colour": list(rgb)} for n, (name, rgb) in classes],
        "unit": desk.view().unit,
        "leaseSeconds": desk.leases.seconds,
        "demo": place.demo,
        "extends": place.extends,
        "workplace": hash_bytes(str(place.folder.resolve()).encode()),
        "tool": TOOL,
        "maxNote": MAX_NOTE,
        "thumbnails": True,
    }


@router.get("/queue")
def get_queue(request: Request, desk: Here, person: Who) -> Response:
    """See `queue`."""
    found = queue(desk, person, request.headers.get("if-none-match", ""))
    headers = {"etag": found.etag}
    if found.body is None:
        return Response(status_code=304, headers=headers)
    body, more = _sent(found.body, request)
    return Response(body, headers=headers | more, media_type="application/json")


@router.get("/images/{key}")
def get_image(key: str, desk: Here, person: Who, extended: bool = False) -> dict[str, Any]:
    """See `shown_image`; with `extended`, also see `look_for_extended`."""
    if extended:
        look_for_extended(desk, key, person)
    return shown_image(desk, key, person)


@router.get("/images/{key}/picture")
def get_picture(key: str, request: Request, desk: Here, person: Who) -> Response:
    """See `shown_picture`."""
    shown = shown_picture(desk, key)
    headers = {"etag": shown.etag, "cache-control": KEEP}
    if _has(request, headers):
        return Response(status_code=304, headers=headers)
    return Response(shown.data, headers=headers, media_type=shown.kind)


@router.get("/images/{key}/answer")
def get_answer(key: str, request: Request, desk: Here, person: Who) -> Response:
    """The class ids that the person goes on with, a byte for each pixel."""
    answer = desk.answer(desk.image(key), person)
    if answer is None or answer.raster is None:
        raise RefusedError(404, "nothing is drawn yet")
    return _raw(answer.raster, answer.version, request)


@router.get("/images/{key}/refused")
def get_refused(key: str, request: Request, desk: Here, person: Who) -> Response:
    """1 where the answer that the person goes on with refuses extended labels, 0 elsewhere."""
    answer = desk.answer(desk.image(key), person)
    if answer is None or answer.refused is None:
        raise RefusedError(404, "no extended label is refused")
    return _raw(answer.refused.astype(np.uint8), answer.version, request)


@router.get("/images/{key}/thumbnail")
def get_thumbnail(key: str, desk: Here, person: Who) -> Response:
    """A small picture."""
    headers = {"cache-control": "private, max-age=3600"}
    return Response(thumbnail(desk, key), headers=headers, media_type="image/jpeg")


@router.get("/images/{key}/superpixels/{grain}")
def get_superpixels(key: str, grain: str, request: Request, desk: Here, person: Who) -> Response:
    """Ids of superpixels, four bytes for each pixel, the lowest first."""
    return _layer(desk, key, grain if grain in GRAINS else "", request)


@router.get("/images/{key}/{layer}")
def get_layer(key: str, layer: str, request: Request, desk: Here, person: Who) -> Response:
    """The model's prediction, the map, the extended labels, or the groups of these."""
    return _layer(desk, key, layer if layer not in GRAINS else "", request)


def _layer(desk: Desk, key: str, name: str, request: Request) -> Response:
    desk.image(key)  # It is asked for.
    found = file_of(desk.preparation, key, name)
    if found is None:
        return JSONResponse({"pending": True}, 202)
    status = found.stat()
    tag = hash_bytes(f"{found}\0{status.st_mtime_ns}\0{status.st_size}".encode())
    headers = {"etag": f'"{tag}"', "cache-control": KEEP, "content-encoding": "gzip"}
    if _has(request, headers):
        return Response(status_code=304, headers=headers)
    return Response(found.read_bytes(), headers=headers, media_type=BYTES)


def _raw(raster: np.ndarray, version: int, request: Request) -> Response:
    data, headers = _sent(raster.tobytes(), request)
    return Response(data, headers={"x-version": str(version), **headers}, media_type=BYTES)


def _sent(body: bytes, request: Request) -> tuple[bytes, dict[str, str]]:
    """A body as it is sent, and headers that say how: compressed if that is worth it."""
    if len(body) < SMALL or "gzip" not in request.headers.get("accept-encoding", ""):
        return body, {}
    return gzip.compress(body, 1, mtime=0), {"content-encoding": "gzip"}


def _has(request: Request, headers: dict[str, str]) -> bool:
    """Whether the browser has what would be sent."""
    return request.headers.get("if-none-match") == headers["etag"]
