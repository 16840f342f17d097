"""COCO: objects as RLE or polygons in one JSON file, and panoptic maps beside one."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from raysal.annotate.asked import Asked
from raysal.annotate.exchange import coco_rle
from raysal.annotate.exchange.bundle import Bundle
from raysal.annotate.exchange.canvas import Canvas, check_size
from raysal.annotate.exchange.classes import Classes
from raysal.annotate.exchange.coco_file import CocoFile, Id, id_of, index, json_files, same_id
from raysal.annotate.exchange.format import Drawn, Format, Given, Reading, Sheet, Size
from raysal.annotate.exchange.json_elements import JsonElements, Span
from raysal.annotate.exchange.polygons import fill_polygons
from raysal.data.decode import IGNORE, decode_colours
from raysal.errors import DataError

FILE, REGIONS = "annotations.json", "raysal_regions"


class Coco(Format):
    """COCO with instance, stuff or panoptic segmentation."""

    name = "coco"
    described = 'a JSON file with "images", "annotations" and "categories"'

    def recognise(self, bundle: Bundle) -> bool:
        """Whether a JSON file has COCO's keys."""
        return bool(json_files(bundle))

    def read(self, bundle: Bundle, reading: Reading) -> Iterator[Given]:
        """What is drawn on each image of each file."""
        for name in json_files(bundle):
            elements = JsonElements(bundle.open(name), bundle.where(name))
            yield from _of_file(bundle, reading.classes, index(name, elements))

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
        lines = [
            f"import the images of {folder / 'images'} with {folder / FILE}, which names the "
            "classes and holds the prelabels, if there are any",
        ]
        if not all(image.whole for image in asked.images):
            lines.append(
                f"the regions of an image are also in its key '{REGIONS}', as x, y, width, height "
                "in pixels"
            )
        return [*lines, "label with masks or polygons, later ones on top, and export as COCO"]


def _of_file(bundle: Bundle, classes: Classes, file: CocoFile) -> Iterator[Given]:
    """What is drawn on each image, and what is on none of them."""
    # An image that is listed twice is one image.
    listed = {(id_of(image.get("id")), str(image.get("file_name"))) for image in file.images}
    times = Counter(number for number, _ in listed)
    spans: dict[Id | None, list[Span]] = {}
    lost: dict[Id | None, list[Span]] = {}
    for said, some in file.spans.items():
        number = same_id(said, times)
        if number is None:
            lost[said] = some
        else:  # 1 and "1" may both be there, for one image.
            spans.setdefault(number, []).extend(some)
    for image in file.images:
        number = id_of(image.get("id"))
        refused = None
        if number is None and lost:
            refused = "the image has no id, by which annotations could name it"
        elif number is not None and times[number] > 1 and number in spans:
            refused = f"{times[number]} images have the id {number}; export them one by one"
        own = sorted(spans.get(number, []))
        yield replace(_given(bundle, classes, file, image, own), refused=refused)
    for said, some in lost.items():
        yield _lost(file, said, some)


def _lost(file: CocoFile, said: Id | None, spans: list[Span]) -> Given:
    """Annotations of an image that the file does not have."""
    number = file.elements.load(spans[0]).get("id")
    which = f"annotation {number}" + (f" and {len(spans) - 1} more" if len(spans) > 1 else "")
    reason = "without image_id" if said is None else f"image_id {said!r} is no image of the file"
    return Given(f"{file.elements.where}: {which}", (), _nothing, refused=f"{which}: {reason}")


def _nothing(size: Size) -> Drawn:
    raise DataError(f"there is no image of {size} for it")


def _given(
    bundle: Bundle, classes: Classes, file: CocoFile, image: Mapping[str, Any], spans: list[Span]
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
                class_id = file.class_of(annotation, classes)
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
    file: CocoFile,
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
        canvas.lay(numbers == number, file.class_of(segments[number], classes))


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
        image[REGIONS] = [[x, y, w, h] for y, x, h, w in sheet.image.rectangles]
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
