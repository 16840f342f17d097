"""Finished answers as PNGs of class ids."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from raysal.annotate.asked import Asked
from raysal.annotate.exchange.names import file_stems
from raysal.annotate.lists import CLASSES, write_classes
from raysal.data.answers import Answer, AnswerStore
from raysal.data.decode import IGNORE, encode_png
from raysal.data.text import cell
from raysal.errors import RunError
from raysal.progress import Watch
from raysal.storage.atomic import write_bytes
from raysal.storage.foreign import check_unused, names_in

MASKS, ANSWERS = "masks", "answers.csv"


def export(asked: Asked, out: Path, watch: Watch) -> tuple[int, int]:
    """Write `masks/<image>.png` (255: not labelled), `answers.csv` and `classes.csv`.

    What was drawn of an image in several queries lies in one mask, later queries on top.

    Returns:
        Number of masks, and of images that cannot be labelled.

    Raises:
        RunError: something is in the folder, or nothing is finished.
        DataError: an answer is damaged.
        OSError: no space, no permission.
    """
    names = set(names_in(str(out)))
    if ANSWERS in names and names <= {MASKS, ANSWERS, CLASSES}:
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
    watch.start("export", len(finished))
    with (out / ANSWERS).open("w", newline="", encoding="utf-8-sig") as file:
        rows = csv.writer(file)
        rows.writerow(["image_id", "file", "annotator", "reviewer", "seconds", "clicks", "note"])
        stems = file_stems(list(finished), False)
        for stem, (image_id, where) in zip(stems, finished.items(), strict=True):
            answers = [a for a in (store.current(image_id) for store in where) if a is not None]
            mask = _merged(answers)
            name = "" if mask is None else f"{MASKS}/{stem}.png"
            if mask is not None:
                (out / name).parent.mkdir(parents=True, exist_ok=True)
                write_bytes(out / name, encode_png(mask), sync_folder=False)
            masks, unusable = masks + (mask is not None), unusable + (mask is None)
            last = answers[-1]
            texts = map(cell, (image_id, name, last.annotator, last.reviewer))
            rows.writerow([*texts, last.seconds, last.clicks, cell(last.note)])
            watch.advance(1)
    watch.finish()
    return masks, unusable


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
