"""Scores on disk: one small Parquet part per unit of work, written by the worker that made it."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import fs

from raysal.acquisition.select import Pick
from raysal.data.storage import join, resolve, write_whole

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


def part_name(unit_name: str) -> str:
    """File name of the part that belongs to a unit of the pool."""
    return f"part-{unit_name}.parquet"


def write_part(folder: str, unit_name: str, rows: Sequence[Scored]) -> None:
    """Write one unit's scores whole or not at all; writing it again replaces it.

    Raises:
        OSError: no space, no permission.
    """
    table = pa.Table.from_pylist([vars(row) for row in rows], schema=SCHEMA)
    buffer = io.BytesIO()
    pq.write_table(table, buffer)
    filesystem, path = resolve(folder)
    write_whole(filesystem, join(path, part_name(unit_name)), buffer.getvalue())


def finished_parts(folder: str) -> set[str]:
    """File names of the parts that are there."""
    filesystem, path = resolve(folder)
    listing = filesystem.get_file_info(fs.FileSelector(path, allow_not_found=True))
    return {info.base_name for info in listing if _is_part(info.base_name)}


def read_parts(folder: str) -> Iterator[Scored]:
    """All results, part by part in order of name."""
    filesystem, path = resolve(folder)
    for name in sorted(finished_parts(folder)):
        with filesystem.open_input_file(join(path, name)) as file:
            for row in pq.read_table(file).to_pylist():
                yield Scored(row["image_id"], row["score"], row["error"])


def drop_failed_parts(folder: str) -> None:
    """Remove the parts that hold an error, so that running again tries their images again."""
    filesystem, path = resolve(folder)
    for name in finished_parts(folder):
        with filesystem.open_input_file(join(path, name)) as file:
            errors = pq.read_table(file, columns=["error"]).column(0)
        if errors.null_count < len(errors):
            filesystem.delete_file(join(path, name))


def picks(scored: Iterator[Scored]) -> Iterator[Pick]:
    """Those that have a score."""
    return (Pick(row.image_id, row.score) for row in scored if row.score is not None)


def _is_part(name: str) -> bool:
    return name.startswith("part-") and name.endswith(".parquet")
