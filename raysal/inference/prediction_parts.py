"""Parts of predictions: Parquet files with the share of each class in each image.

Columns: image_id, height, width, `share_<class>` for each class, confidence, error, content_hash.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from raysal.data.pool.parts import read_part, read_rows, write_rows

SHARE = "share_"
"""Before the name of a class, the name of its column."""
MARK = b"raysal.predictions"
"""In the metadata of the files."""


@dataclass(frozen=True)
class Predicted:
    """The prediction for one image, or the reason why there is none.

    Attributes:
        size: (height, width) in pixels, as the image is shown.
        shares: (C,) share of the pixels in each class, in [0, 1].
        confidence: mean over the pixels of the probability of their class, in [0, 1].
        error: why the other values are None.
        content_hash: hash of the image file.
    """

    image_id: str
    size: tuple[int, int] | None = None
    shares: tuple[float, ...] | None = None
    confidence: float | None = None
    error: str | None = None
    content_hash: str | None = None


def schema(class_names: Sequence[str]) -> pa.Schema:
    """The columns, for these classes."""
    return pa.schema(
        [
            pa.field("image_id", pa.string(), nullable=False),
            pa.field("height", pa.int32()),
            pa.field("width", pa.int32()),
            *(pa.field(f"{SHARE}{name}", pa.float64()) for name in class_names),
            pa.field("confidence", pa.float64()),
            pa.field("error", pa.string()),
            pa.field("content_hash", pa.string()),
        ],
        metadata={MARK: b"1"},
    )


def as_table(rows: Sequence[Predicted], class_names: Sequence[str]) -> pa.Table:
    """Rows as a table."""
    return pa.Table.from_pylist([_values(row, class_names) for row in rows], schema(class_names))


def write_part(
    folder: str, unit_name: str, rows: Sequence[Predicted], class_names: Sequence[str]
) -> None:
    """Write one unit's predictions, atomically.

    Raises:
        OSError: no space, no permission.
    """
    values = [_values(row, class_names) for row in rows]
    write_rows(folder, unit_name, values, schema(class_names))


def read_parts(folder: str, class_names: Sequence[str]) -> Iterator[Predicted]:
    """All predictions, part by part in order of file name."""
    return (_predicted(row, class_names) for row in read_rows(folder))


def read_unit(folder: str, unit_name: str, class_names: Sequence[str]) -> list[Predicted]:
    """One unit's predictions; empty if the unit has no part."""
    return [_predicted(row, class_names) for row in read_part(folder, unit_name) or ()]


def _values(row: Predicted, class_names: Sequence[str]) -> dict[str, Any]:
    height, width = (None, None) if row.size is None else row.size
    shares = [None] * len(class_names) if row.shares is None else row.shares
    return {
        "image_id": row.image_id,
        "height": height,
        "width": width,
        **{f"{SHARE}{name}": share for name, share in zip(class_names, shares, strict=True)},
        "confidence": row.confidence,
        "error": row.error,
        "content_hash": row.content_hash,
    }


def _predicted(row: dict[str, Any], class_names: Sequence[str]) -> Predicted:
    done = row["error"] is None
    return Predicted(
        image_id=row["image_id"],
        size=(row["height"], row["width"]) if done else None,
        shares=tuple(row[f"{SHARE}{name}"] for name in class_names) if done else None,
        confidence=row["confidence"],
        error=row["error"],
        content_hash=row["content_hash"],
    )
