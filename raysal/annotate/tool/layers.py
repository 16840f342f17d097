"""What is shown beside the picture: what the page has to know of it, and the files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from raysal.annotate.asked import OwnRectangle
from raysal.annotate.tool.prepare.layers import FILES, FileName
from raysal.annotate.tool.prepare.preparation import Preparation
from raysal.annotate.tool.prepare.superpixels import Grain
from raysal.annotate.tool.save import RefusedError

GRAINS = ("coarse", "medium", "fine")
LAYERS = ("superpixels", "prediction", "map", "extended")


def about(preparation: Preparation | None, key: str) -> dict[str, Any]:
    """What there is for an image, what will come, and why others will not."""
    states = {} if preparation is None else preparation.state(key)
    found = {str(name): layer for name, layer in states.items()}
    return {
        "layers": {
            name: _said(name, found[name].about)
            if name in found and found[name].state == "ready"
            else None
            for name in LAYERS
        },
        "pending": [name for name, layer in found.items() if layer.state == "pending"],
        "failed": {name: layer.why for name, layer in found.items() if layer.state == "failed"},
        "calibrating": preparation is not None and preparation.is_calibrating(key),
    }


def _said(name: str, layer: Mapping[str, Any]) -> dict[str, Any]:
    return dict(layer["grains"] if name == "superpixels" else layer)


def file_of(preparation: Preparation | None, key: str, name: str) -> Path | None:
    """A file of an image, compressed by gzip; None if it is still being made.

    Raises:
        RefusedError: there is none and will be none.
    """
    names: dict[str, FileName] = {str(each): each for each in FILES}
    if name not in names:
        raise RefusedError(404, "no such layer")
    kind = str(FILES[names[name]][0])
    found = None if preparation is None else preparation.get(key, names[name])
    if found is not None:
        return found
    said = about(preparation, key)
    if kind in said["pending"]:
        return None
    raise RefusedError(404, said["failed"].get(kind, f"this image has no {kind}"))


def fill(
    preparation: Preparation | None,
    key: str,
    grain: Grain,
    seeds: Sequence[tuple[int, int]],
    rectangles: Sequence[OwnRectangle],
) -> list[tuple[int, int]] | None:
    """Superpixels and their classes, as they follow from some; None if it is too early.

    Raises:
        DataError: there is no such superpixel or class.
    """
    if preparation is None:
        raise RefusedError(404, "this server prepares no superpixels")
    return preparation.fill(key, grain, seeds, rectangles)
