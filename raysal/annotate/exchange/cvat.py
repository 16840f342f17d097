"""CVAT's "Segmentation mask 1.1", which is Pascal VOC's: one mask in colours for each image.

labelmap.txt                            name:r,g,b:parts:actions
ImageSets/Segmentation/default.txt      names of images
SegmentationClass/NAME.png              in the colours of the label map
SegmentationObject/NAME.png             one colour for each object
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath

import numpy as np

from raysal.annotate.asked import Asked
from raysal.annotate.exchange.bundle import Bundle
from raysal.annotate.exchange.classes import Classes, hex_of, ids_of_colours
from raysal.annotate.exchange.cvat_labels import (
    BACKGROUND,
    BLACK,
    colours_of,
    is_background,
    labels_of,
    voc_colour,
)
from raysal.annotate.exchange.format import Drawn, Format, Given, Reading, Sheet, Size
from raysal.data.decode import IGNORE, decode_colours, encode_png, refuse_lossy
from raysal.data.sets.base import Colour
from raysal.errors import DataError

PRELABELS, LABELS = "prelabels.zip", "labels.json"
_MAP = "labelmap.txt"
_CLASS, _OBJECT, _SETS = "SegmentationClass", "SegmentationObject", "ImageSets/Segmentation"
_OTHER_EXPORTS = {"annotations.xml": "CVAT for images", "obj.names": "YOLO", "data.yaml": "YOLO"}


class Cvat(Format):
    """Masks in colours, with a label map."""

    name = "cvat"
    described = f"{_MAP} and {_CLASS}/, as CVAT's 'Segmentation mask 1.1'"
    flat = True

    def recognise(self, bundle: Bundle) -> bool:
        """Whether there is a label map."""
        last = {PurePosixPath(name).name for name in bundle.names}
        if _MAP in last:
            return True
        for file, kind in _OTHER_EXPORTS.items():
            if file in last:
                raise DataError(
                    f"{bundle.path} is an export as {kind}; export it from CVAT as "
                    "'Segmentation mask 1.1' or 'COCO 1.0'"
                )
        return False

    def read(self, bundle: Bundle, reading: Reading) -> Iterator[Given]:
        """One mask for each image."""
        root = _root(bundle)
        by_colour = _label_map(bundle, root, reading.classes)
        folder = f"{root}{_CLASS}/"
        names = [n for n in bundle.names if n.startswith(folder) and n.lower().endswith(".png")]
        if not names:
            objects = any(n.startswith(f"{root}{_OBJECT}/") for n in bundle.names)
            raise DataError(
                f"{bundle.path} has no masks in {_CLASS}/"
                + (
                    f"; those in {_OBJECT}/ tell objects apart, not classes: export it again"
                    if objects
                    else ""
                )
            )
        for name in names:
            yield _given(bundle, name, name.removeprefix(folder), by_colour, reading.classes)

    def write(self, asked: Asked, sheets: Iterable[Sheet], folder: Path, name: str) -> None:
        """`labels.json` for CVAT's form, and `prelabels.zip` if there are any."""
        colours = colours_of(asked)
        labels = [
            {"name": name, "color": hex_of(colour), "type": "mask", "attributes": []}
            for name, colour in colours.items()
        ]
        (folder / LABELS).write_text(json.dumps(labels, indent=2) + "\n")
        if not _write_prelabels(folder / PRELABELS, asked, colours, sheets):
            (folder / PRELABELS).unlink()

    def steps(self, asked: Asked, folder: Path) -> Sequence[str]:
        """How to make a task."""
        lines = [
            f"make a task, paste {folder / LABELS} under 'Raw', and upload the files of "
            f"{folder / 'images'}",
        ]
        if (folder / PRELABELS).exists():
            lines.append(
                f"upload {folder / PRELABELS} as annotations, format 'Segmentation mask 1.1'"
            )
        lines.append("export the task as 'Segmentation mask 1.1' (or 'COCO 1.0')")
        if any(map(is_background, asked.class_names)):
            lines.append(
                "what is not labelled comes back as the class 'background': CVAT does not tell "
                "them apart"
            )
        return lines


def _root(bundle: Bundle) -> str:
    """What is in front of the label map, with a slash: archives have a folder of their own."""
    names = [name for name in bundle.names if PurePosixPath(name).name == _MAP]
    if not names:
        raise DataError(f"{bundle.path} has no {_MAP}; export as 'Segmentation mask 1.1'")
    if len(names) > 1:
        raise DataError(
            f"{bundle.path} has {len(names)} exports ({', '.join(names[:3])}); hand them in one "
            "by one"
        )
    return names[0].removesuffix(_MAP)


def _label_map(bundle: Bundle, root: str, classes: Classes) -> Mapping[Colour, int | str]:
    """By colour, the class id, 255 for background, or the name of what is no class."""
    where = bundle.where(root + _MAP)
    by_colour: dict[Colour, int | str] = {}
    for number, (name, colour) in labels_of(where, bundle.read(root + _MAP)).items():
        if colour in by_colour:
            raise DataError(
                f"{where}: line {number}: two labels have the colour {','.join(map(str, colour))}; "
                "change one in CVAT and export again"
            )
        class_id = classes.find(name)
        if class_id is None and is_background(name):
            class_id = IGNORE
        by_colour[colour] = name if class_id is None else class_id
    by_colour.setdefault(BLACK, IGNORE)
    return by_colour


def _given(
    bundle: Bundle,
    member: str,
    name: str,
    by_colour: Mapping[Colour, int | str],
    classes: Classes,
) -> Given:
    others = [label for label in by_colour.values() if isinstance(label, str)]
    # Labels that are no classes get ids of their own, from the top.
    numbers = {label: IGNORE - 1 - place for place, label in enumerate(others)}
    table = {c: v if isinstance(v, int) else numbers[v] for c, v in by_colour.items()}

    def draw(size: Size) -> Drawn:
        del size
        data = bundle.read(member)
        refuse_lossy(data)
        try:
            raster = ids_of_colours(decode_colours(data), table)
        except DataError as error:
            if not str(error).startswith("colours of no class"):
                raise
            raise DataError(
                f"{error}; they are not in {_MAP}: was {_OBJECT} handed in for {_CLASS}?"
            ) from error
        for label, number in numbers.items():
            if (raster == number).any():
                classes.id_of(label)  # Raises.
        background = classes.find(BACKGROUND)
        return Drawn(raster, nothing=IGNORE if background is None else background)

    return Given(bundle.where(member), (name,), draw)


def _write_prelabels(
    path: Path, asked: Asked, colours: Mapping[str, Colour], sheets: Iterable[Sheet]
) -> int:
    """Write an archive to be uploaded; returns the number of its images.

    Objects are written too: without them, CVAT would import what is not labelled as an object of
    class `background`.
    """
    palette = np.zeros((IGNORE + 1, 3), np.uint8)
    palette[: len(colours)] = [colours[name] for name in asked.class_names]
    background = [n for n, name in enumerate(asked.class_names) if is_background(name)]
    names = []
    with zipfile.ZipFile(path, "w") as archive:
        for sheet in sheets:
            if sheet.prelabel is None:
                continue
            name = sheet.file.rsplit(".", 1)[0]
            names.append(name)
            archive.writestr(f"{_CLASS}/{name}.png", encode_png(palette[sheet.prelabel]))
            objects = np.where(np.isin(sheet.prelabel, background), IGNORE, sheet.prelabel)
            archive.writestr(f"{_OBJECT}/{name}.png", _objects(objects))
        lines = ["# label:color_rgb:parts:actions", *([] if background else ["background:0,0,0::"])]
        lines += [f"{name}:{','.join(map(str, colour))}::" for name, colour in colours.items()]
        archive.writestr(_MAP, "\n".join([*lines, ""]))
        archive.writestr(f"{_SETS}/default.txt", "".join(f"{name}\n" for name in names))
    return len(names)


def _objects(prelabel: np.ndarray) -> bytes:
    """One object for each class, numbered from 1, in VOC's colours for numbers."""
    present = np.unique(prelabel[prelabel != IGNORE])
    numbers = np.zeros(IGNORE + 1, np.uint8)
    numbers[present] = np.arange(1, len(present) + 1)
    colours = np.array([voc_colour(number) for number in range(IGNORE + 1)], np.uint8)
    return encode_png(colours[numbers[prelabel]])
