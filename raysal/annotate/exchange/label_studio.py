"""Label Studio: tasks that it imports, and its export as JSON."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from raysal.annotate.asked import Asked
from raysal.annotate.exchange import label_studio_shapes as shapes
from raysal.annotate.exchange.bundle import Bundle
from raysal.annotate.exchange.classes import Classes
from raysal.annotate.exchange.format import Drawn, Format, Given, Reading, Sheet, Size
from raysal.annotate.exchange.json_elements import JsonElements, Span
from raysal.annotate.exchange.label_studio_shapes import ASKED
from raysal.annotate.exchange.label_studio_tasks import (
    CANNOT,
    IMAGE,
    UNUSABLE,
    interface,
    task,
    write_tasks,
)
from raysal.errors import DataError

TASKS, LABELS = "tasks.json", "labels.xml"
_BEGINNING_BYTES = 4096
# The bytes of a brush's code; a whole one is read when it is drawn.
_CODE = re.compile(rb'(?<="rle":)\s*+\[[\d\s,]*+\](?=\s*+[,}])')
MOST_SECONDS = 1e7
"""Longer working times, of months, are not believed."""
_TABLE = (b"annotation_id", b"annotator", b"lead_time")


class LabelStudio(Format):
    """Brush, bitmask and polygons."""

    name = "label-studio"
    described = "a JSON export of Label Studio (a list of tasks)"
    flat = True

    def recognise(self, bundle: Bundle) -> bool:
        """Whether a JSON file is a list."""
        if not _json_files(bundle) and len(bundle.names) == 1:
            head = bundle.head(bundle.names[0], _BEGINNING_BYTES)
            if all(word in head for word in _TABLE) and not head.startswith((b"[", b"{")):
                raise DataError(
                    f"{bundle.path} is a table that Label Studio exported; export as JSON"
                )
        return bool(_json_files(bundle))

    def read(self, bundle: Bundle, reading: Reading) -> Iterator[Given]:
        """Each annotation of each task."""
        for name in _json_files(bundle):
            elements = JsonElements(bundle.open(name), bundle.where(name))
            for _, span in elements:
                yield from _of_task(elements, span, reading.classes)

    def write(self, asked: Asked, sheets: Iterable[Sheet], folder: Path, name: str) -> None:
        """`tasks.json` and `labels.xml`."""
        (folder / LABELS).write_text(interface(asked), encoding="utf-8")
        served = f"{name}/images"
        write_tasks(folder / TASKS, (task(asked, sheet, served) for sheet in sheets))

    def steps(self, asked: Asked, folder: Path) -> Sequence[str]:
        """How to make a project."""
        here = folder.resolve()  # Label Studio wants whole paths.
        local = (
            "start Label Studio with LABEL_STUDIO_LOCAL_FILES_SERVING_ENABLED=true and "
            f"LABEL_STUDIO_LOCAL_FILES_DOCUMENT_ROOT={shlex.quote(str(here.parent))}",
            f"make a project, paste {folder / LABELS} under Labeling Interface > Code, and add "
            f"{here / 'images'} under Cloud Storage > Local files (without syncing it)",
        )
        remote = (f"make a project and paste {folder / LABELS} under Labeling Interface > Code",)
        shown = (
            ()
            if all(image.whole for image in asked.images)
            else (f"the rectangles '{ASKED}' show the regions; they are not labels",)
        )
        return (
            *(local if (folder / "images").is_dir() else remote),
            f"import {folder / TASKS}, label, and export as JSON",
            *shown,
        )


def _json_files(bundle: Bundle) -> list[str]:
    names = [name for name in bundle.names if name.lower().endswith(".json")]
    return [name for name in names if _begins_as_list(bundle.head(name, _BEGINNING_BYTES))]


def _begins_as_list(text: bytes) -> bool:
    return text.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"[")


def _of_task(elements: JsonElements, span: Span, classes: Classes) -> Iterator[Given]:
    task = elements.load(span, without=_CODE)
    data = task.get("data") if isinstance(task, dict) else None
    if not isinstance(data, dict):
        kind = (
            "is Label Studio's export as JSON-MIN, which does not say who labelled what; export "
            "as JSON"
            if isinstance(task, dict) and (IMAGE in task or "annotation_id" in task)
            else "holds no tasks of Label Studio"
        )
        raise DataError(f"{elements.where} {kind}")
    where = f"{elements.where}: task {task.get('id', '?')}"
    names = _names(data, task)
    annotations = task.get("annotations")
    if not isinstance(annotations, list) or not annotations:
        yield Given(where, names, _nothing, refused="not labelled in Label Studio yet")
        return
    for place, annotation in enumerate(annotations):
        if _is_sound(annotation):
            yield _given(where, names, elements, span, place, annotation, classes)
        else:
            yield Given(where, names, _nothing, refused="not as Label Studio exports annotations")


def _given(
    where: str,
    names: tuple[str, ...],
    elements: JsonElements,
    span: Span,
    place: int,
    annotation: Mapping[str, Any],
    classes: Classes,
) -> Given:
    """What is known of an annotation without its regions, which are read again when it is taken."""

    def draw(size: Size) -> Drawn:
        return shapes.draw(elements.load(span)["annotations"][place]["result"], size, classes)

    result = annotation["result"]
    return Given(
        where=where,
        names=names,
        draw=draw,
        annotator=_annotator(annotation.get("completed_by")),
        seconds=_seconds(annotation.get("lead_time")),
        at=str(annotation.get("updated_at") or annotation.get("created_at") or ""),
        unusable=CANNOT if _is_unusable(result) else None,
        refused="skipped in Label Studio" if annotation.get("was_cancelled") else None,
        empty=shapes.is_empty(result),
    )


def _is_sound(annotation: object) -> bool:
    """Whether an annotation has a list of regions."""
    result = annotation.get("result") if isinstance(annotation, dict) else None
    return isinstance(result, list) and all(isinstance(item, dict) for item in result)


def _nothing(size: Size) -> Drawn:
    raise DataError(f"there is no annotation for the image of {size}")


def _names(data: Mapping[str, Any], task: Mapping[str, Any]) -> tuple[str, ...]:
    """What a task calls its image: our id, the picture, the file that was uploaded."""
    first = [data.get("raysal_id"), data.get(IMAGE), task.get("file_upload")]
    rest = [value for key, value in data.items() if not key.startswith("raysal")]
    return tuple(dict.fromkeys(v for v in (*first, *rest) if isinstance(v, str) and v))


def _annotator(completed_by: object) -> str:
    if isinstance(completed_by, Mapping):
        return str(completed_by.get("email") or f"user {completed_by.get('id')}")
    return "" if completed_by is None else f"user {completed_by}"


def _seconds(lead_time: object) -> float | None:
    if isinstance(lead_time, int | float) and 0 <= lead_time < MOST_SECONDS:
        return float(lead_time)
    return None


def _is_unusable(result: Sequence[Mapping[str, Any]]) -> bool:
    return any(
        item.get("from_name") == UNUSABLE
        and isinstance(value := item.get("value"), Mapping)
        and CANNOT in (value.get("choices") or ())
        for item in result
    )
