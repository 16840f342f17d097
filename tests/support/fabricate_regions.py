"""Write a small run that queried regions, on data whose pixels are easy to count."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from raysal.acquisition.selection.score_parts import Scored, write_part
from raysal.data.decode import encode_png
from raysal.data.labels import ANNOTATOR, EXTENDED, LabelledImage, write_labels
from raysal.data.pool.sources import Source
from raysal.data.pool.writer import write_pool
from tests.support.fabricate import CLASSES, SIZE, edit_json, make_run, write_query
from tests.support.labels import whole_image

IDS = ("a", "b", "c", "d")
PIXELS = SIZE[0] * SIZE[1]
RATINGS = {"a": 0.9, "b": 0.5, "c": 0.1}
ASKED = (("b", 0, 0, 9.0), ("a", 0, 0, 7.0), ("a", 16, 16, 5.0))
"""Image, row, column and score of regions of 8 x 8, best first; `d` was labelled at the start."""
CHOSEN = {"beta": 50.0, "tau_conf": 0.9, "tau_sim": 0.95}
EXTENSION = {"version": 1, "thresholds": CHOSEN, "precision": 0.96, "coverage": 0.1, "images": 1}


def truth() -> np.ndarray:
    """Road, with a car in the right half and 16 pixels of a pole in the upper left corner."""
    mask = np.zeros(SIZE, np.uint8)
    mask[:, SIZE[1] // 2 :] = 1
    mask[:4, :4] = 2
    return mask


def make_region_run(
    folder: Path,
    *,
    seed: int = 0,
    subset: int | str = 2,
    extension: Mapping[str, Any] | None = EXTENSION,
    strategy: str = "CPRAL",
) -> Path:
    """Write two rounds: the first queries `ASKED` and extends, the second trains on all labels.

    In `a`, 20 pixels are extended as road, 16 of them rightly; none without `extension`.
    """
    images, masks = (folder.parent / "data" / name for name in ("images", "masks"))
    for root in (images, masks):
        root.mkdir(parents=True, exist_ok=True)
    grey = {image_id: encode_png(_grey(k)) for k, image_id in enumerate(IDS)}
    for image_id, png in grey.items():
        (images / f"{image_id}.png").write_bytes(png)
        (masks / f"{image_id}.png").write_bytes(encode_png(truth()))
    data = {
        "name": "folder",
        "images": str(images),
        "masks": str(masks),
        "classes": list(CLASSES),
        "size": list(SIZE),
        "shares": [0.0, 0.0],
    }
    cle = None if extension is None else {"precision": 0.95}
    run = make_run(
        folder,
        [0.5, 0.6],
        strategy=strategy,
        seed=seed,
        config={"data": data, "rga": {"subset": subset, "w": 8}, "cle": cle},
    )
    sources = [Source(name, lambda png=png: png) for name, png in grey.items()]
    write_pool(sources, str(run / "pool"))
    _store(run / "initial" / "labels", [whole_image("d", truth())])
    asked = run / "rounds" / "000"
    (asked / "scores").mkdir()
    write_part(str(asked / "scores"), "x", [Scored(i, rating) for i, rating in RATINGS.items()])
    box = {"height": 8, "width": 8}
    write_query(
        asked, [{"image_id": i, "row": r, "col": c, "score": s, **box} for i, r, c, s in ASKED]
    )
    given = [
        _labelled(name, [(r, c, 8, 8) for i, r, c, _ in ASKED if i == name], ANNOTATOR)
        for name in ("a", "b")
    ]
    _store(asked / "labels", given)
    record = run / "rounds" / "001" / "record" / "record.json"
    edit_json(record, class_pixels=[PIXELS // 2 + 100, PIXELS // 2 + 60, 48])
    if extension is not None:
        added = _labelled("a", [(12, 20, 4, 5)], EXTENDED)
        added.label[added.source == EXTENDED] = 0  # Its fifth column is right of the middle.
        _store(asked / "extended", [added])
        edit_json(asked / "record" / "record.json", extension=extension)
        edit_json(record, extended_pixels=[20, 0, 0])
    return run


def _labelled(name: str, boxes: Sequence[tuple[int, int, int, int]], source: int) -> LabelledImage:
    where = np.zeros(SIZE, np.uint8)
    for row, col, height, width in boxes:
        where[row : row + height, col : col + width] = source
    return LabelledImage(name, np.where(where > 0, truth(), np.uint8(255)), where)


def _store(folder: Path, labels: Sequence[LabelledImage]) -> None:
    folder.mkdir(parents=True)
    write_labels(folder, labels)


def _grey(k: int) -> np.ndarray:
    return np.full((*SIZE, 3), 60 * k, np.uint8)
