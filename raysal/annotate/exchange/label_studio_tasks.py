"""Tasks and a labelling interface for Label Studio."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote
from xml.sax.saxutils import quoteattr

import numpy as np

from raysal.annotate.asked import Asked, AskedImage
from raysal.annotate.exchange.classes import hex_of
from raysal.annotate.exchange.format import Sheet, Size
from raysal.annotate.exchange.label_studio_shapes import ASKED
from raysal.annotate.exchange.rle_pack import encode_mask
from raysal.data.decode import IGNORE

CLASSES, IMAGE = "classes", "image"
UNUSABLE, CANNOT = "unusable", "cannot be labelled"


def interface(asked: Asked) -> str:
    """`labels.xml`: a brush for each class, what is asked, and a way to set an image aside."""
    lines = [
        "<View>",
        f'  <Image name="{IMAGE}" value="${IMAGE}" zoom="true" zoomControl="true"/>',
        f'  <BrushLabels name="{CLASSES}" toName="{IMAGE}">',
    ]
    for name, colour in zip(asked.class_names, asked.palette, strict=True):
        lines.append(f'    <Label value={_quoted(name)} background="{hex_of(colour)}"/>')
    lines.append("  </BrushLabels>")
    if not all(image.whole for image in asked.images):
        lines += [
            f'  <RectangleLabels name="{ASKED}" toName="{IMAGE}">',
            f'    <Label value="{ASKED}" background="#ffff00"/>',
            "  </RectangleLabels>",
        ]
    lines += [
        f'  <Choices name="{UNUSABLE}" toName="{IMAGE}" showInline="true">',
        f'    <Choice value="{CANNOT}"/>',
        "  </Choices>",
        "</View>",
    ]
    return "\n".join(lines) + "\n"


def task(asked: Asked, sheet: Sheet, served_below: str) -> dict[str, Any]:
    """A task as Label Studio imports it.

    Args:
        served_below: path of the folder of pictures below the one that Label Studio serves.
    """
    image = sheet.image
    url = sheet.url or f"/data/local-files/?d={quote(f'{served_below}/{sheet.file}')}"
    data = {IMAGE: url, "raysal_id": image.image_id, "raysal_query": image.query}
    result = [*_rectangles(image), *_brushes(asked, sheet)]
    if not result:
        return {"data": data}
    prediction: dict[str, Any] = {"model_version": _version_of(asked, sheet), "result": result}
    if sheet.score is not None:
        prediction["score"] = round(sheet.score, 4)
    return {"data": data, "predictions": [prediction]}


def _quoted(name: str) -> str:
    return quoteattr(name, {"\n": "&#10;", "\r": "&#13;", "\t": "&#9;"})


def _version_of(asked: Asked, sheet: Sheet) -> str:
    model: Path | None = asked.model if sheet.prelabel is not None else None
    return f"raysal {asked.name}" + (f" {model.parent.name}" if model is not None else "")


def _rectangles(image: AskedImage) -> Iterator[dict[str, Any]]:
    """What is asked, in percent; shown, but not to be changed."""
    if image.whole:
        return
    height, width = image.size
    for rank, (row, col, rows, cols) in enumerate(image.rectangles, 1):
        value = {
            "x": 100 * col / width,
            "y": 100 * row / height,
            "width": 100 * cols / width,
            "height": 100 * rows / height,
            "rotation": 0,
            "rectanglelabels": [ASKED],
        }
        region = _region(f"asked-{rank}", "rectanglelabels", ASKED, image.size, value)
        yield {**region, "readonly": True}


def _brushes(asked: Asked, sheet: Sheet) -> Iterator[dict[str, Any]]:
    """One brush region for each class of a prelabel."""
    if sheet.prelabel is None:
        return
    for class_id in np.unique(sheet.prelabel[sheet.prelabel != IGNORE]).tolist():
        value = {
            "format": "rle",
            "rle": encode_mask(sheet.prelabel == class_id),
            "brushlabels": [asked.class_names[class_id]],
        }
        yield _region(f"class-{class_id}", "brushlabels", CLASSES, sheet.image.size, value)


def _region(
    name: str, kind: str, control: str, size: Size, value: dict[str, Any]
) -> dict[str, Any]:
    return {
        "id": name,
        "type": kind,
        "from_name": control,
        "to_name": IMAGE,
        "image_rotation": 0,
        "original_width": size[1],
        "original_height": size[0],
        "value": value,
    }


def write_tasks(file: Path, tasks: Iterator[dict[str, Any]]) -> None:
    """A JSON array, one task at a time."""
    with file.open("w") as out:
        out.write("[")
        for number, each in enumerate(tasks):
            out.write(",\n" if number else "\n")
            out.write(json.dumps(each))
        out.write("\n]\n")
