"""Score parts: Parquet files with the scores of images, one file per unit of the pool."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from raysal.acquisition.selection.top_k import Pick
from raysal.data.pool.parts import read_named, read_part, read_rows, read_tables, write_rows

SCHEMA = pa.schema(
    [
        pa.field("image_id", pa.string(), nullable=False),
        pa.field("score", pa.float64()),
        pa.field("error", pa.string()),
        pa.field("content_hash", pa.string()),
    ],
    metadata={"raysal.scores": "1"},
)
VECTOR = "vector"
SCHEMA_WITH_VECTORS = SCHEMA.append(pa.field(VECTOR, pa.list_(pa.float32())))


@dataclass(frozen=True)
class Scored:
    """The result for one image: a score, or the reason why there is none.

    Attributes:
        content_hash: hash of the image file that was scored.
        vector: (D,) features of the image, if they were requested.
    """

    image_id: str
    score: float | None
    error: str | None = None
    content_hash: str | None = None
    vector: Sequence[float] | None = None


def write_part(
    folder: str, unit_name: str, rows: Sequence[Scored], *, vectors: bool = False
) -> None:
    """Write one unit's scores, atomically.

    Raises:
        OSError: no space, no permission.
    """
    schema = SCHEMA_WITH_VECTORS if vectors else SCHEMA
    write_rows(folder, unit_name, [vars(row) for row in rows], schema)


def read_parts(folder: str) -> Iterator[Scored]:
    """All results without their vectors, part by part in order of file name."""
    return map(_scored, read_rows(folder, leave_out=(VECTOR,)))


def read_unit(folder: str, unit_name: str) -> list[Scored]:
    """One unit's results with their vectors; empty if the unit has no part."""
    return [_scored(row) for row in read_part(folder, unit_name) or ()]


def read_scores(folder: str) -> Iterator[pa.Table]:
    """The columns image_id and score, part by part: for long streams that are read again."""
    return read_tables(folder, leave_out=("error", "content_hash", VECTOR))


def read_hashes(folder: str) -> pa.Table:
    """The columns image_id and content_hash of all parts."""
    return pa.concat_tables(read_tables(folder, leave_out=("error", "score", VECTOR)))


def read_vectors(folder: str, image_ids: Collection[str]) -> Iterator[tuple[str, np.ndarray]]:
    """Ids and (D,) float32 vectors of those images that have one, part by part."""
    wanted = frozenset(image_ids)
    for table in read_tables(folder, leave_out=("score", "error", "content_hash")):
        mask = [image_id in wanted for image_id in table.column("image_id").to_pylist()]
        found = table.filter(pa.array(mask, pa.bool_()))
        ids, vectors = (found.column(name) for name in ("image_id", VECTOR))
        for image_id, vector in zip(ids.to_pylist(), vectors, strict=True):
            if vector.is_valid:
                yield image_id, vector.values.to_numpy()


def read_features(folder: str, files: Sequence[str]) -> tuple[list[str], np.ndarray]:
    """Ids and (N, D) float32 vectors of the parts with these file names, in that order.

    Images that could not be read have no vector and are left out.
    """
    ids: list[str] = []
    pieces: list[np.ndarray] = []
    for table in read_named(folder, files, leave_out=("score", "error", "content_hash")):
        there = table.filter(pc.is_valid(table.column(VECTOR)))
        if len(there):
            ids += there.column("image_id").to_pylist()
            flat = there.column(VECTOR).combine_chunks().flatten().to_numpy()
            pieces.append(flat.reshape(len(there), -1))
    return ids, np.concatenate(pieces) if pieces else np.empty((0, 0), np.float32)


def picks(scored: Iterable[Scored]) -> Iterator[Pick]:
    """A pick for each result that has a score."""
    return (Pick(row.image_id, row.score) for row in scored if row.score is not None)


def _scored(row: dict[str, Any]) -> Scored:
    return Scored(**row)
