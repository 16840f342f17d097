"""Results on disk: one small Parquet part per unit of the pool, written by the worker that made it.

What is missing is known by file name, so that work that was cut off goes on where it was.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import fs

from raysal.data.storage import join, resolve, write_whole


def part_name(unit_name: str) -> str:
    """File name of the part that belongs to a unit of the pool."""
    return f"part-{unit_name}.parquet"


def write_rows(
    folder: str, unit_name: str, rows: Sequence[Mapping[str, Any]], schema: pa.Schema
) -> None:
    """Write one unit's results whole or not at all; writing them again replaces them.

    Raises:
        OSError: no space, no permission.
    """
    buffer = io.BytesIO()
    pq.write_table(pa.Table.from_pylist([dict(row) for row in rows], schema=schema), buffer)
    filesystem, path = resolve(folder)
    write_whole(filesystem, join(path, part_name(unit_name)), buffer.getvalue())


def finished_parts(folder: str) -> set[str]:
    """File names of the parts that are there."""
    filesystem, path = resolve(folder)
    listing = filesystem.get_file_info(fs.FileSelector(path, allow_not_found=True))
    return {info.base_name for info in listing if _is_part(info.base_name)}


def read_rows(folder: str) -> Iterator[dict[str, Any]]:
    """All results, part by part in order of name, one part in memory at a time."""
    filesystem, path = resolve(folder)
    for name in sorted(finished_parts(folder)):
        with filesystem.open_input_file(join(path, name)) as file:
            yield from pq.read_table(file).to_pylist()


def drop_failed_parts(folder: str) -> None:
    """Remove the parts that hold an error, so that running again tries their images again."""
    filesystem, path = resolve(folder)
    for name in finished_parts(folder):
        with filesystem.open_input_file(join(path, name)) as file:
            errors = pq.read_table(file, columns=["error"]).column(0)
        if errors.null_count < len(errors):
            filesystem.delete_file(join(path, name))


def _is_part(name: str) -> bool:
    return name.startswith("part-") and name.endswith(".parquet")
