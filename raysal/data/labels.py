"""Labels as they came back: per image a class map and a map of where each pixel came from."""

from __future__ import annotations

import io
import itertools
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from raysal.data import LABELS_FILE as FILE
from raysal.data.decode import IGNORE, decode_mask, encode_png
from raysal.errors import DataError
from raysal.storage.atomic import write_bytes

NONE, ANNOTATOR, EXTENDED = 0, 1, 2
SCHEMA = pa.schema(
    [
        pa.field("image_id", pa.string(), nullable=False),
        pa.field("label", pa.binary(), nullable=False),
        pa.field("source", pa.binary(), nullable=False),
    ],
    metadata={"raysal.labels": "1"},
)
ROW_GROUP_IMAGES = 32


@dataclass(frozen=True)
class LabelledImage:
    """What is known of one image.

    Attributes:
        label: uint8 (H, W) class ids at the working size, 255 unknown.
        source: uint8 (H, W): 0 nobody, 1 annotator, 2 extended from an annotator's label.
    """

    image_id: str
    label: np.ndarray
    source: np.ndarray


def whole_image(image_id: str, label: np.ndarray) -> LabelledImage:
    """All of an image seen by an annotator; pixels he could not tell stay 255."""
    return LabelledImage(image_id, label, np.full(label.shape, ANNOTATOR, np.uint8))


def write_labels(folder: Path, labels: Iterable[LabelledImage], name: str = FILE) -> int:
    """Write a store, or one file of it, whole or not at all; returns the number of images.

    Raises:
        OSError: no space, no permission.
    """
    buffer = io.BytesIO()
    count = 0
    pending = iter(labels)
    with pq.ParquetWriter(buffer, SCHEMA, compression="none") as writer:
        while group := list(itertools.islice(pending, ROW_GROUP_IMAGES)):
            rows = [
                {
                    "image_id": labelled.image_id,
                    "label": encode_png(labelled.label),
                    "source": encode_png(labelled.source),
                }
                for labelled in group
            ]
            writer.write_table(pa.Table.from_pylist(rows, schema=SCHEMA))
            count += len(rows)
    write_bytes(folder / name, buffer.getvalue())
    return count


def read_labels(folder: Path, ids: Collection[str] | None = None) -> Iterator[LabelledImage]:
    """The labels of one store, all or those of `ids`, a row group in memory at a time.

    A store is a folder of Parquet files; row groups without any of `ids` are not decoded.

    Raises:
        DataError: no label store there, a damaged one, or maps of different shapes.
    """
    for path in _files(folder):
        with _open(path) as file:
            for index in range(file.num_row_groups):
                yield from _row_group(file, index, ids, path)


def _row_group(
    file: pq.ParquetFile, index: int, ids: Collection[str] | None, path: Path
) -> Iterator[LabelledImage]:
    if ids is not None:
        held = file.read_row_group(index, columns=["image_id"]).column(0).to_pylist()
        if not any(image_id in ids for image_id in held):
            return
    for row in file.read_row_group(index).to_pylist():
        if ids is None or row["image_id"] in ids:
            label, source = decode_mask(row["label"]), decode_mask(row["source"])
            if label.shape != source.shape:
                raise DataError(
                    f"{path}: the source map of '{row['image_id']}' is {_by(source.shape)}, its "
                    f"label map {_by(label.shape)}; remove this store and run again"
                )
            yield LabelledImage(row["image_id"], label, source)


def labelled_ids(folder: Path) -> list[str]:
    """The image ids of one store."""
    ids: list[str] = []
    for path in _files(folder):
        with _open(path) as file:
            ids += file.read(columns=["image_id"]).column(0).to_pylist()
    return ids


def read_merged(
    folders: Sequence[Path], ids: Collection[str] | None = None
) -> dict[str, LabelledImage]:
    """What several stores know together, all or of `ids`.

    Raises:
        DataError: as for `read_labels`, or maps of one image that differ in shape.
    """
    merged: dict[str, LabelledImage] = {}
    for folder in folders:
        for new in read_labels(folder, ids):
            old = merged.get(new.image_id)
            if old is not None and old.label.shape != new.label.shape:
                raise DataError(
                    f"{folder}: the label map of '{new.image_id}' is {_by(new.label.shape)}, an "
                    f"older one {_by(old.label.shape)}; remove this store and run again"
                )
            merged[new.image_id] = new if old is None else merge(old, new)
    return merged


def partly_labelled(folders: Sequence[Path]) -> set[str]:
    """Images of which annotators labelled some pixels but not all."""
    missing: dict[str, np.ndarray] = {}
    for folder in folders:
        for labelled in read_labels(folder):
            here = labelled.source != ANNOTATOR
            if labelled.image_id in missing:
                here &= missing[labelled.image_id]
            missing[labelled.image_id] = here
    return {image_id for image_id, where in missing.items() if where.any()}


def _files(folder: Path) -> list[Path]:
    files = sorted(folder.glob("*.parquet"))
    if not files:
        raise DataError(f"no labels at {folder / FILE}; run again to make them")
    return files


def _open(path: Path) -> pq.ParquetFile:
    try:
        return pq.ParquetFile(path)
    except (OSError, pa.ArrowInvalid) as error:
        raise DataError(f"no labels at {path}: {str(error).splitlines()[0]}") from error


def _by(shape: Sequence[int]) -> str:
    return "x".join(str(n) for n in shape)


def merge(older: LabelledImage, newer: LabelledImage) -> LabelledImage:
    """Annotator pixels of either, the newer one's first; extended pixels where there is none."""
    label, source = older.label.copy(), older.source.copy()
    take = (newer.source == ANNOTATOR) | ((newer.source == EXTENDED) & (source != ANNOTATOR))
    label[take], source[take] = newer.label[take], newer.source[take]
    label[source == NONE] = IGNORE
    return LabelledImage(newer.image_id, label, source)
