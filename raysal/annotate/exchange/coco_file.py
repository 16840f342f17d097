"""A JSON file in COCO's layout: its images and categories, and where its annotations are.

Ids are whole numbers, which some programs write as text in some places.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass, field
from typing import Any

from raysal.annotate.exchange.bundle import Bundle
from raysal.annotate.exchange.classes import Classes
from raysal.annotate.exchange.json_elements import JsonElements, Span
from raysal.errors import DataError

KEYS = {"images", "annotations", "categories"}
_BEGINNING_BYTES = 1 << 16

Id = int | str


@dataclass
class CocoFile:
    """A JSON file without its annotations, of which it knows where they are.

    Attributes:
        images: in the order of the file.
        spans: places of annotations by the id of their image as they give it; None without one.
    """

    name: str
    elements: JsonElements
    images: list[Mapping[str, Any]] = field(default_factory=list)
    categories: dict[Id | None, str] = field(default_factory=dict)
    spans: dict[Id | None, list[Span]] = field(default_factory=dict)

    def class_of(self, annotation: Mapping[str, Any], classes: Classes) -> int:
        """The class of an annotation's or a segment's category.

        Raises:
            DataError: its category is not in the file, or of no class.
        """
        said = annotation.get("category_id")
        number = same_id(id_of(said), self.categories)
        if number is None:
            raise DataError(f"category {said} is not among the file's categories")
        return classes.id_of(self.categories[number])


def json_files(bundle: Bundle) -> list[str]:
    """Files with COCO's keys, by their beginnings: annotations may be of any length."""
    found = []
    for name in bundle.names:
        if not name.lower().endswith(".json"):
            continue
        text = bundle.head(name, _BEGINNING_BYTES).lstrip(b"\xef\xbb\xbf \t\r\n")
        if text.startswith(b"{") and any(f'"{key}"'.encode() in text for key in KEYS):
            found.append(name)
    return found


def index(name: str, elements: JsonElements) -> CocoFile:
    """Read all of a file but its annotations.

    Raises:
        DataError: it is truncated, or names no images.
    """
    file = CocoFile(name, elements)
    for key, span in elements:
        if key not in KEYS:
            continue
        value = elements.load(span)
        if not isinstance(value, dict):
            raise DataError(f"{elements.where}: {key} must be objects")
        if key == "categories":
            file.categories[id_of(value.get("id"))] = str(value.get("name"))
        elif key == "images":
            file.images.append(value)
        else:
            file.spans.setdefault(id_of(value.get("image_id")), []).append(span)
    if not file.images:
        raise DataError(f"{elements.where} names no images, as COCO does; export it again")
    return file


def id_of(value: object) -> Id | None:
    """An id as a file gives it; None if it is missing, or nothing that can be one."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value if isinstance(value, int | str) and not isinstance(value, bool) else None


def same_id(said: Id | None, known: Container[Id | None]) -> Id | None:
    """The known id that another one means: itself, or else the number for a text, or the reverse;
    None if there is none."""
    if said is None or said in known:
        return said
    other: Id | None = str(said)
    if isinstance(said, str):
        other = int(said) if said.isascii() and said.isdigit() and len(said) < 20 else None
        if str(other) != said:  # "01" may be another image than 1.
            return None
    return other if other in known else None
