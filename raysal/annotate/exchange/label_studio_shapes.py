"""The regions of a Label Studio annotation, as masks.

A region of a class lies on those before it. Sizes are in pixels of `original_width` and
`original_height`; corners are in percent of them.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from raysal.annotate.exchange.canvas import Canvas, check_size
from raysal.annotate.exchange.classes import Classes
from raysal.annotate.exchange.format import Drawn, Size
from raysal.annotate.exchange.polygons import fill_polygons
from raysal.annotate.exchange.rle_pack import covered, decode_covered
from raysal.data.opening import opened
from raysal.errors import DataError

ASKED = "asked"
"""Name of the control whose rectangles show what is asked; they are not labels."""
_PNG = "data:image/png;base64,"
# Kinds of results that are not drawn on the image.
_NOT_DRAWN = ("choices", "textarea", "rating", "number", "taxonomy", "relation", "pairwise")


def draw(result: Sequence[Mapping[str, Any]], size: Size, classes: Classes) -> Drawn:
    """The map of classes of an annotation.

    Args:
        result: its regions, the lowest first.
        size: of the image.

    Raises:
        DataError: a region of another size, of no class, or of a kind that is no area.
    """
    canvas = Canvas(size)
    named = {str(item.get("id")): names for item in result if (names := _labels(item))}
    for item in result:
        value = item.get("value")
        if item.get("from_name") == ASKED or item.get("type") in _NOT_DRAWN:
            continue
        if not isinstance(value, Mapping):
            raise DataError("a region has no value")
        if item.get("type") == "labels" and len(value) == 1:
            continue  # The class of a region that is another item with the same id.
        names = _labels(item) or named.get(str(item.get("id")), [])
        if len(names) != 1:
            raise DataError(
                f"a region has {len(names)} classes; it must have one ({item.get('type')})"
            )
        class_id = classes.id_of(names[0])
        _check_frame(item, size)
        mask, row = _mask(value, size)
        canvas.lay(mask, class_id, row)
    return canvas.drawn()


def is_empty(result: Sequence[Mapping[str, Any]]) -> bool:
    """Whether no region is drawn."""
    return all(item.get("from_name") == ASKED or item.get("type") in _NOT_DRAWN for item in result)


def _labels(item: Mapping[str, Any]) -> list[str]:
    value = item.get("value")
    if not isinstance(value, Mapping):
        return []
    kind = str(item.get("type"))
    found = value.get(kind) or value.get("labels") or []
    return [str(name) for name in found] if isinstance(found, list) else []


def _check_frame(item: Mapping[str, Any], size: Size) -> None:
    height, width = item.get("original_height"), item.get("original_width")
    if isinstance(height, int) and isinstance(width, int):
        check_size((height, width), size, "a region's image")
    if item.get("image_rotation"):
        raise DataError("the image was turned in Label Studio; turn it back and submit again")


def _mask(value: Mapping[str, Any], size: Size) -> tuple[np.ndarray, int]:
    """bool (rows, W), and the first of these rows in the image."""
    if "rle" in value:
        return decode_covered(value["rle"], size)
    if "imageDataURL" in value:
        return _of_data_url(value["imageDataURL"], size), 0
    if "points" in value:
        return _polygon(value["points"], size), 0
    if {"x", "y", "width", "height"} <= value.keys():
        return _rectangle(value, size), 0
    kind = next((key for key in value if key.endswith("labels")), "a region")
    raise DataError(f"{kind} cannot be taken; draw with the brush, a bitmask or polygons")


def _of_data_url(url: object, size: Size) -> np.ndarray:
    """A bitmask: opaque on transparent; without transparency, bright on black."""
    if not isinstance(url, str) or not url.startswith(_PNG):
        raise DataError("a bitmask is not a PNG data URL")
    try:
        data = base64.b64decode(url[len(_PNG) :], validate=True)
    except (binascii.Error, ValueError):
        raise DataError("a bitmask is not a PNG data URL") from None
    with opened(data) as image:
        check_size((image.height, image.width), size, "a bitmask")
        has_alpha = image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info
        channel = np.asarray(image.convert("RGBA").getchannel("A" if has_alpha else "R"))
    return covered(channel)


def _polygon(points: object, size: Size) -> np.ndarray:
    try:
        corners = np.asarray(points, float).reshape(-1, 2)
    except (TypeError, ValueError):
        raise DataError("a polygon has a corner that is not two numbers") from None
    scaled = corners * (size[1] / 100, size[0] / 100)
    return fill_polygons([scaled.ravel().tolist()], size)


def _rectangle(value: Mapping[str, Any], size: Size) -> np.ndarray:
    try:
        x, y, width, height = (float(value[key]) for key in ("x", "y", "width", "height"))
    except (TypeError, ValueError):
        raise DataError("a rectangle has a side that is not a number") from None
    if value.get("rotation"):
        raise DataError("a turned rectangle cannot be taken; draw a polygon")
    corners = ((x, y), (x + width, y), (x + width, y + height), (x, y + height))
    return _polygon(corners, size)
