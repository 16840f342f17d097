"""PNG: one mask for each image, of its size and name, in class ids or in colours."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np

from raysal.annotate.asked import Asked, where_asked
from raysal.annotate.exchange.bundle import Bundle
from raysal.annotate.exchange.classes import Classes
from raysal.annotate.exchange.format import Drawn, Format, Given, Reading, Sheet, Size
from raysal.annotate.exchange.masks import ids_in, read_mask, to_png
from raysal.data.decode import IGNORE, IMAGE_SUFFIXES, encode_png
from raysal.errors import DataError
from raysal.progress import Watch

MASKS, PICTURES, ASKED = "masks", "images", "asked"
_LABEL_STUDIO = "-annotation-"
FEW = 3
"""So many masks without the first class are remarked."""


@dataclass(frozen=True)
class _Mask(Given):
    """With what looks at the ids that occur, before they are checked."""

    stored: _Stored | None = None


@dataclass(frozen=True)
class _Stored:
    bundle: Bundle
    name: str
    reading: Reading

    def ids(self) -> np.ndarray | None:
        """Those that occur; None if the mask may be in colours."""
        data = self.bundle.read(self.name)
        return ids_in(data, self.reading.classes, self.reading.by_colour)

    def draw(self, size: Size) -> Drawn:
        del size  # Of the raster; whoever takes it compares it.
        return read_mask(self.bundle.read(self.name), self.reading.classes, self.reading.by_colour)


class Png(Format):
    """Masks by name."""

    name = "png"
    described = "masks such as a/b.png for a/b.jpg"

    def recognise(self, bundle: Bundle) -> bool:
        """Whether there are images and no files of other formats."""
        masks = _masks(bundle)
        if masks and all(_LABEL_STUDIO in PurePosixPath(name).name for name in masks):
            raise DataError(
                f"{bundle.path}: one PNG per class, as Label Studio exports brushes, loses how "
                "they lie on each other; export as JSON"
            )
        return bool(masks)

    def read(self, bundle: Bundle, reading: Reading) -> Iterator[Given]:
        """One mask for each image file."""
        for name in _masks(bundle):
            stored = _Stored(bundle, name, reading)
            names = (name.removeprefix(f"{MASKS}/"), name)
            yield _Mask(bundle.where(name), names, stored.draw, stored=stored)

    def survey(self, found: Sequence[Given], watch: Watch) -> None:
        """Find out whether ids count from 1, with 0 for what is not labelled: C then stands for the
        last of C classes. All masks are looked at, because most lack that class."""
        last: str | None = None  # The first mask with C.
        looked_at, zero, others = 0, False, False
        watch.start("look at class ids", len(found))
        for mask in found:
            watch.advance(1)
            assert isinstance(mask, _Mask)
            assert mask.stored is not None
            names = mask.stored.reading.classes.names
            try:
                ids = mask.stored.ids()
            except DataError:  # It is said when the mask is taken.
                continue
            if ids is None:
                continue
            looked_at += 1
            zero = zero or 0 in ids
            others = others or bool(((ids > len(names)) & (ids != IGNORE)).any())
            if last is None and len(names) in ids and len(names) < IGNORE:
                last = mask.where
        watch.finish()
        if last is not None and not others:
            raise _from_1(last, names, zero)
        if looked_at >= FEW and not zero:
            watch.say(
                f"class id 0 ('{names[0]}') occurs in none of the {looked_at} masks; if their ids "
                "are counted from 1, subtract 1 and hand them in again: the later answer counts"
            )

    def write(self, asked: Asked, sheets: Iterable[Sheet], folder: Path, name: str) -> None:
        """Prelabels, as PNG whose palette has the colours of the classes. Where regions are asked,
        pictures that are white there and black elsewhere, for editors to load as a selection."""
        classes = Classes(asked.class_names, asked.palette)
        (folder / MASKS).mkdir()
        for sheet in sheets:
            file = sheet.file.rsplit(".", 1)[0] + ".png"
            if sheet.prelabel is not None:
                _save(folder / MASKS / file, to_png(sheet.prelabel, classes))
            if not sheet.image.whole:
                _save(folder / ASKED / file, encode_png(where_asked(sheet.image) * np.uint8(255)))

    def steps(self, asked: Asked, folder: Path) -> Sequence[str]:
        """Where masks go."""
        lines = [
            f"save a mask for each image of {folder / PICTURES} under the same name in "
            f"{folder / MASKS}, as PNG of the same size",
            "its pixels are class ids, or the colours of the classes: see "
            f"{folder / 'classes.csv'}; 255, or transparent, is not labelled",
        ]
        if not all(image.whole for image in asked.images):
            lines.append(f"{folder / ASKED} has pictures that are white where labels are asked")
        return lines


def _from_1(where: str, names: Sequence[str], zero: bool) -> DataError:
    about_0 = (
        "0 seems to be what is not labelled, which must be 255; subtract 1, of 0 make 255,"
        if zero
        else "0 occurs in no mask; subtract 1"
    )
    return DataError(
        f"nothing was taken: class ids seem to be counted from 1: {where} has the id {len(names)}, "
        f"but the last class, '{names[-1]}', is {len(names) - 1}; {about_0} and hand the masks in "
        "again"
    )


def _save(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def _masks(bundle: Bundle) -> list[str]:
    """Image files; of a folder that `raysal ask` wrote, those in its folder of masks."""
    names = [n for n in bundle.names if PurePosixPath(n).suffix.lower() in IMAGE_SUFFIXES]
    if any(name.startswith(f"{MASKS}/") for name in names) or (bundle.path / MASKS).is_dir():
        return [name for name in names if name.startswith(f"{MASKS}/")]
    return names
