"""Labels as they came back: per image a class map and a map of where each pixel came from."""

from __future__ import annotations

import io
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from raysal.config.files import write_bytes
from raysal.data.decode import IGNORE, decode_mask, encode_png
from raysal.errors import DataError

FILE = "labels.parquet"
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


def write_labels(folder: Path, labels: Iterable[LabelledImage]) -> int:
    """Write a round's labels; returns their number.

    Raises:
        OSError: no space, no permission.
    """
    buffer = io.BytesIO()
    count = 0
    with pq.ParquetWriter(buffer, SCHEMA, compression="none") as writer:
        rows: list[dict[str, object]] = []
        for labelled in labels:
            assert labelled.label.shape == labelled.source.shape, labelled.image_id
            rows.append(
                {
                    "image_id": labelled.image_id,
                    "label": encode_png(labelled.label),
                    "source": encode_png(labelled.source),
                }
            )
            count += 1
            if len(rows) == ROW_GROUP_IMAGES:
                writer.write_table(pa.Table.from_pylist(rows, schema=SCHEMA))
                rows.clear()
        if rows:
            writer.write_table(pa.Table.from_pylist(rows, schema=SCHEMA))
    write_bytes(folder / FILE, buffer.getvalue())
    return count


def read_labels(folder: Path, ids: Collection[str] | None = None) -> Iterator[LabelledImage]:
    """The labels of one round, all or those of `ids`, a row group in memory at a time.

    Raises:
        DataError: no label store there, or a damaged one.
    """
    path = folder / FILE
    try:
        file = pq.ParquetFile(path)
    except (OSError, pa.ArrowInvalid) as error:
        raise DataError(f"no labels at {path}: {str(error).splitlines()[0]}") from error
    with file:
        for index in range(file.num_row_groups):
            for row in file.read_row_group(index).to_pylist():
                if ids is None or row["image_id"] in ids:
                    label, source = decode_mask(row["label"]), decode_mask(row["source"])
                    yield LabelledImage(row["image_id"], label, source)


def labelled_ids(folder: Path) -> list[str]:
    """The image ids of one round's labels."""
    return list(pq.read_table(folder / FILE, columns=["image_id"]).column(0).to_pylist())


def merge(older: LabelledImage, newer: LabelledImage) -> LabelledImage:
    """Annotator pixels of either, the newer one's first; extended pixels where there is none."""
    label, source = older.label.copy(), older.source.copy()
    take = (newer.source == ANNOTATOR) | ((newer.source == EXTENDED) & (source != ANNOTATOR))
    label[take], source[take] = newer.label[take], newer.source[take]
    label[source == NONE] = IGNORE
    return LabelledImage(newer.image_id, label, source)
