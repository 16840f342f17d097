"""Finished answers as PNGs of class ids."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from raysal.annotate.asked import Asked
from raysal.annotate.exchange.names import file_stems
from raysal.annotate.lists import CLASSES, write_classes
from raysal.data.answers import Answer, AnswerStore
from raysal.data.decode import IGNORE, encode_png
from raysal.data.sets.corrections import BEFORE, MASKS, CorrectedImage, CorrectionList
from raysal.data.text import cell
from raysal.errors import RunError
from raysal.progress import Watch
from raysal.storage.atomic import write_bytes
from raysal.storage.foreign import check_unused, names_in

ANSWERS = "answers.csv"


@dataclass(frozen=True)
class Exported:
    """How much was written.

    Attributes:
        masks: number of masks.
        unusable: number of images that cannot be labelled.
        corrected: number of masks that differ from the labels that were to be corrected.
    """

    masks: int
    unusable: int
    corrected: int


def export(asked: Asked, out: Path, watch: Watch) -> Exported:
    """Write `masks/<image>.png` (255: not labelled), `answers.csv` and `classes.csv`.

    What was drawn of an image in several queries lies in one mask, later queries on top. Of labels
    that were corrected (`Asked.begun_by`), `before/<image>.png` is what they were, and
    `corrections.json` lists what was changed, as `data.corrections` reads it.

    Raises:
        RunError: something is in the folder, or nothing is finished.
        DataError: an answer is damaged.
        OSError: no space, no permission.
    """
    names = set(names_in(str(out)))
    if ANSWERS in names and names <= {MASKS, ANSWERS, CLASSES, BEFORE, CorrectionList.file}:
        raise RunError(f"'{out}' holds an earlier export; remove it first, or give a new folder")
    check_unused(str(out), "masks")
    stores = [AnswerStore(folder) for folder in _query_folders(asked.answers)]
    finished: dict[str, list[AnswerStore]] = {}
    for store in stores:
        for image_id, head in store.heads().items():
            if head.settled:
                finished.setdefault(image_id, []).append(store)
    if not finished:
        raise RunError(f"nothing is finished in {asked.answers} yet, so there is nothing to export")
    (out / MASKS).mkdir(parents=True, exist_ok=True)
    write_classes(out, asked)
    masks = unusable = 0
    corrected: list[CorrectedImage] = []
    watch.start("export", len(finished))
    with (out / ANSWERS).open("w", newline="", encoding="utf-8-sig") as file:
        rows = csv.writer(file)
        rows.writerow(["image_id", "file", "annotator", "reviewer", "seconds", "clicks", "note"])
        stems = file_stems(list(finished), False)
        for stem, (image_id, where) in zip(stems, finished.items(), strict=True):
            answers = [a for a in (store.current(image_id) for store in where) if a is not None]
            mask = _merged(answers)
            name = "" if mask is None else f"{MASKS}/{stem}.png"
            last = answers[-1]
            if mask is not None:
                _write_mask(out / name, mask)
                before = _before(where, image_id, asked.begun_by)
                if before is not None and (pixels := int(np.count_nonzero(mask != before))):
                    _write_mask(out / BEFORE / f"{stem}.png", before)
                    corrected.append(
                        CorrectedImage(
                            image_id=image_id, file=f"{stem}.png", pixels=pixels,
                            annotator=last.annotator, reviewer=last.reviewer,
                        )
                    )  # fmt: skip
            masks, unusable = masks + (mask is not None), unusable + (mask is None)
            texts = map(cell, (image_id, name, last.annotator, last.reviewer))
            rows.writerow([*texts, last.seconds, last.clicks, cell(last.note)])
            watch.advance(1)
    if asked.begun_by:  # Last: it says that the others are complete.
        CorrectionList(
            source=asked.name, class_names=asked.class_names, images=tuple(corrected)
        ).write(out)
    watch.finish()
    return Exported(masks, unusable, len(corrected))


def _write_mask(path: Path, mask: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_bytes(path, encode_png(mask), sync_folder=False)


def _before(stores: Sequence[AnswerStore], image_id: str, tool: str) -> np.ndarray | None:
    """The labels that were laid down to be corrected; None if there are none."""
    if not tool:
        return None
    laid = [[a for a in store.versions(image_id) if a.tool == tool][:1] for store in stores]
    return _merged([answer for of_store in laid for answer in of_store])


def _query_folders(answers: Path) -> list[Path]:
    """In the order of queries, of which those before the first round have no image in common."""
    if not answers.is_dir():
        return []
    return sorted(path for path in answers.iterdir() if path.is_dir() and path.name != "annotate")


def _merged(answers: Sequence[Answer]) -> np.ndarray | None:
    merged: np.ndarray | None = None
    for answer in answers:
        if answer.raster is not None:
            under = answer.raster if merged is None else merged
            merged = np.where(answer.raster == IGNORE, under, answer.raster)
    return merged
