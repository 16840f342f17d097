"""CSV files of what is handed out: images, regions, classes."""

from __future__ import annotations

import contextlib
import csv
from pathlib import Path
from typing import TextIO

from raysal.annotate.asked import Asked
from raysal.annotate.exchange.classes import Classes
from raysal.annotate.exchange.format import Sheet
from raysal.data.decode import IGNORE
from raysal.data.text import cell

REGIONS, CLASSES = "regions.csv", "classes.csv"


class Lists:
    """`images.csv`, and `regions.csv` if there are any regions."""

    def __init__(self, folder: Path, stack: contextlib.ExitStack, regions: bool) -> None:
        def opened(name: str) -> TextIO:
            # With a byte order mark, without which Excel misreads names.
            return stack.enter_context((folder / name).open("w", newline="", encoding="utf-8-sig"))

        self._images = csv.writer(opened("images.csv"))
        self._images.writerow(["image_id", "query", "file", "url", "height", "width", "score"])
        self._regions = csv.writer(opened(REGIONS)) if regions else None
        if self._regions:
            self._regions.writerow(["image_id", "file", "row", "column", "height", "width"])

    def add(self, sheet: Sheet) -> None:
        """Write the lines of an image."""
        image = sheet.image
        head = [image.image_id, image.query, sheet.file, sheet.url or ""]
        score = "" if sheet.score is None else sheet.score
        self._images.writerow([*map(cell, head), *image.size, score])
        if self._regions and not image.whole:
            for rectangle in image.rectangles:
                self._regions.writerow([cell(image.image_id), cell(sheet.file), *rectangle])


def write_classes(folder: Path, asked: Asked) -> None:
    """Write `classes.csv`."""
    with (folder / CLASSES).open("w", newline="", encoding="utf-8-sig") as file:
        rows = csv.writer(file)
        rows.writerow(["id", "name", "red", "green", "blue"])
        for number, (name, colour) in enumerate(zip(asked.class_names, asked.palette, strict=True)):
            rows.writerow([number, cell(name), *colour])
        unlabelled = Classes(asked.class_names, asked.palette).unlabelled
        rows.writerow([IGNORE, "(not labelled)", *unlabelled])
