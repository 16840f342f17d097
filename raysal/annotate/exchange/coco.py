"""COCO: objects as RLE or polygons in one JSON file, and panoptic maps beside one."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from raysal.annotate.asked import Asked
from raysal.annotate.exchange import coco_rle
from raysal.annotate.exchange.bundle import Bundle
from raysal.annotate.exchange.canvas import Canvas, check_size
from raysal.annotate.exchange.classes import Classes
from raysal.annotate.exchange.format import Drawn, Format, Given, Reading, Sheet, Size
from raysal.annotate.exchange.json_elements import JsonElements, Span
from raysal.annotate.exchange.polygons import fill_polygons
from raysal.data.decode import IGNORE, decode_colours
from raysal.errors import DataError

FILE = "annotations.json"
_KEYS = {"images", "annotations", "categories"}
_BEGINNING_BYTES = 1 << 16


@dataclass
class _File:
    """A JSON file without its annotations, of which it knows where they are."""

    name: str
    elements: JsonElements
    images: dict[object, Mapping[str, Any]] = field(default_factory=dict)
    categories: dict[object, str] = field(default_factory=dict)
    spans: dict[object, list[Span]] = field(default_factory=dict)


class Coco(Format):
    """COCO with instance, stuff or panoptic segmentation."""

    name = "coco"
    described = 'a JSON file with "images", "annotations" and "categories"'

    def recognise(self, bundle: Bundle) -> bool:
        """Whether a JSON file has COCO's keys."""
        return bool(_json_files(bundle))

    def read(self, bundle: Bundle, reading: Reading) -> Iterator[Given]:
        """What is drawn on each image of each file."""
        for name in _json_files(bundle):
            elements = JsonElements(bundle.open(name), bundle.where(name))
            file = _index(name, elements)
            for number, image in file.images.items():
                yield _given(bundle, reading.classes, file, image, file.spans.get(number, []))

    def write(self, asked: Asked, sheets: Iterable[Sheet], folder: Path, name: str) -> None:
        """`annotations.json`, with an RLE for each class of a prelabel."""
        images: list[str] = []
        annotations = 0
        # Annotations are written as they come, and images after them, for flat memory.
        with (folder / FILE).open("w") as file:
            file.write(f'{{"info": {json.dumps({"description": f"raysal: {asked.name}"})},\n')
            categories = [{"id": n, "name": name} for n, name in enumerate(asked.class_names, 1)]
            file.write(f'"licenses": [], "categories": {json.dumps(categories)},\n"annotations": [')
            for number, sheet in enumerate(sheets, 1):
                images.append(json.dumps(_image(number, sheet)))
                for annotation in _prelabels(number, sheet):
                    file.write(",\n" if annotations else "\n")
                    annotations += 1
                    file.write(json.dumps({"id": annotations, **annotation}))
            file.write('],\n"images": [\n' + ",\n".join(images) + "\n]}\n")

    def steps(self, asked: Asked, folder: Path) -> Sequence[str]:
        """What to import."""
        return (
            f"import the images of {folder / 'images'} with {folder / FILE}, which names the "
            "classes and holds the prelabels, if there are any",
            "label with masks or polygons, later ones on top, and export as COCO",
        )


def _json_files(bundle: Bundle) -> list[str]:
    """Files with COCO's keys, by their beginnings: annotations may be of any length."""
    found = []
    for name in bundle.names:
        if not name.lower().endswith(".json"):
            continue
        text = bundle.head(name, _BEGINNING_BYTES).lstrip(b"\xef\xbb\xbf \t\r\n")
        if text.startswith(b"{") and any(f'"{key}"'.encode() in text for key in _KEYS):
            found.append(name)
    return found


def _index(name: str, elements: JsonElements) -> _File:
    file = _File(name, elements)
    for key, span in elements:
        if key not in _KEYS:
            continue
        value = elements.load(span)
        if not isinstance(value, dict):
            raise DataError(f"{elements.where}: {key} must be objects")
        if key == "categories":
            file.categories[_hashable(value.get("id"))] = str(value.get("name"))
        elif key == "images":
            file.images[_hashable(value.get("id"))] = value
        else:
            file.spans.setdefault(_hashable(value.get("image_id")), []).append(span)
    if not file.images:
        raise DataError(f"{elements.where} names no images, as COCO does; export it again")
    return file


def _given(
    bundle: Bundle, classes: Classes, file: _File, image: Mapping[str, Any], spans: list[Span]
) -> Given:
    names = [image[key] for key in ("raysal_id", "file_name") if isinstance(image.get(key), str)]
    size = (image.get("height"), image.get("width"))
    known = all(isinstance(side, int) and side > 0 for side in size)

    def draw(size: Size) -> Drawn:
        canvas = Canvas(size)
        for span in spans:
            annotation = file.elements.load(span)
            if "segments_info" in annotation:
                _lay_panoptic(canvas, bundle, file, annotation, classes, size)
            else:
                class_id = _class_of(file, annotation, classes)
                canvas.lay(_mask(annotation, size), class_id)
        return canvas.drawn()

    where = f"{file.elements.where}: image {image.get('id')}"
    return Given(
        where,
        tuple(names),
        draw,
        size if known else None,  # type: ignore[arg-type]
        empty=not spans,
    )


def _class_of(file: _File, annotation: Mapping[str, Any], classes: Classes) -> int:
    number = _hashable(annotation.get("category_id"))
    if number not in file.categories:
        raise DataError(f"category {number} is not among the file's categories")
    return classes.id_of(file.categories[number])


def _mask(annotation: Mapping[str, Any], size: Size) -> np.ndarray:
    shape = annotation.get("segmentation")
    if isinstance(shape, dict):
        return coco_rle.decode(shape, size)
    if isinstance(shape, list) and shape and all(isinstance(part, list) for part in shape):
        return fill_polygons(shape, size)
    raise DataError(
        f"annotation {annotation.get('id')} has neither polygons nor an RLE, but a box or points; "
        "draw masks or polygons"
    )


def _lay_panoptic(
    canvas: Canvas,
    bundle: Bundle,
    file: _File,
    annotation: Mapping[str, Any],
    classes: Classes,
    size: Size,
) -> None:
    """Lay the segments of a picture whose colours are numbers: R + 256 G + 65536 B."""
    rgb = decode_colours(bundle.read(_beside(bundle, file.name, str(annotation.get("file_name")))))
    check_size(rgb.shape[:2], size, "the panoptic map")
    numbers = rgb.astype(np.uint32) @ np.array([1, 1 << 8, 1 << 16], np.uint32)
    present = set(np.unique(numbers).tolist())
    segments = {segment.get("id"): segment for segment in annotation["segments_info"]}
    if unknown := sorted(present - {0, *segments}):
        raise DataError(f"the panoptic map has a segment {unknown[0]} that segments_info lacks")
    for number in sorted(present - {0}):
        canvas.lay(numbers == number, _class_of(file, segments[number], classes))


def _beside(bundle: Bundle, json_name: str, name: str) -> str:
    """The file of a panoptic map: in a folder with the JSON file's name, or the only one."""
    named = f"{json_name.rsplit('.', 1)[0]}/{name}"
    ends = [n for n in bundle.names if n == name or n.endswith("/" + name)]
    if named in ends:
        return named
    if len(ends) != 1:
        raise DataError(
            f"the panoptic map {name} is {'in several places' if ends else 'missing'}; hand in "
            "the folder or ZIP that holds the JSON file and the maps"
        )
    return ends[0]


def _image(number: int, sheet: Sheet) -> dict[str, Any]:
    height, width = sheet.image.size
    image: dict[str, Any] = {"id": number, "file_name": sheet.file}
    image |= {"height": height, "width": width, "raysal_id": sheet.image.image_id}
    if sheet.url is not None:
        image["coco_url"] = sheet.url
    if not sheet.image.whole:  # As COCO writes boxes: x, y, width, height.
        image["raysal_regions"] = [[x, y, w, h] for y, x, h, w in sheet.image.rectangles]
    return image


def _prelabels(number: int, sheet: Sheet) -> Iterator[dict[str, Any]]:
    if sheet.prelabel is None:
        return
    from pycocotools import mask as coco

    for class_id in np.unique(sheet.prelabel[sheet.prelabel != IGNORE]).tolist():
        code = coco_rle.encode(sheet.prelabel == class_id)
        packed = {"size": code["size"], "counts": code["counts"].encode()}
        yield {
            "image_id": number,
            "category_id": class_id + 1,
            "segmentation": code,
            "area": int(coco.area(packed)),
            "bbox": coco.toBbox(packed).tolist(),
            "iscrowd": 1,
            **({} if sheet.score is None else {"score": round(sheet.score, 4)}),
        }


def _hashable(value: object) -> object:
    return value if isinstance(value, int | str) else str(value)
