"""Scores of images in the parts of a pool."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import pyarrow as pa

from raysal.acquisition.select import Pick
from raysal.data.parts import read_rows, write_rows

SCHEMA = pa.schema(
    [
        pa.field("image_id", pa.string(), nullable=False),
        pa.field("score", pa.float64()),
        pa.field("error", pa.string()),
    ],
    metadata={"raysal.scores": "1"},
)


@dataclass(frozen=True)
class Scored:
    """One image's result: a score, or why there is none."""

    image_id: str
    score: float | None
    error: str | None = None


def write_part(folder: str, unit_name: str, rows: Sequence[Scored]) -> None:
    """Write one unit's scores whole or not at all; `OSError` without space or permission."""
    write_rows(folder, unit_name, [vars(row) for row in rows], SCHEMA)


def read_parts(folder: str) -> Iterator[Scored]:
    """All results, part by part in order of name."""
    return (Scored(row["image_id"], row["score"], row["error"]) for row in read_rows(folder))


def picks(scored: Iterable[Scored]) -> Iterator[Pick]:
    """Those that have a score."""
    return (Pick(row.image_id, row.score) for row in scored if row.score is not None)
