"""Results on disk: one small Parquet file, a part, per unit of the pool.

The worker that computed a unit writes its part. File names show which units are missing, so that
interrupted work continues where it stopped.
"""

from __future__ import annotations

import io
import itertools
from collections import deque
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import fs

from raysal.errors import DataError
from raysal.storage.uri import join, resolve, write_whole

LOCAL = fs.LocalFileSystem
REMOTE_READS = 16
REMEDY = "remove this file and run the command again, or in a run: 'raysal status RUN --repair'"
"""Parts that are requested from an object store at the same time."""


def part_name(unit_name: str) -> str:
    """File name of the part that belongs to a unit of the pool."""
    return f"part-{unit_name}.parquet"


def write_rows(
    folder: str, unit_name: str, rows: Sequence[Mapping[str, Any]], schema: pa.Schema
) -> None:
    """Write the results of one unit atomically; an earlier part of the unit is replaced.

    Raises:
        OSError: no space, no permission.
    """
    buffer = io.BytesIO()
    table = pa.Table.from_pylist([dict(row) for row in rows], schema=schema)
    pq.write_table(table, buffer, write_page_checksum=True)
    filesystem, path = resolve(folder)
    # A part that is lost in a power cut is computed again.
    write_whole(filesystem, join(path, part_name(unit_name)), buffer.getvalue(), sync_folder=False)


def finished_parts(folder: str) -> set[str]:
    """File names of the parts that exist."""
    filesystem, path = resolve(folder)
    listing = filesystem.get_file_info(fs.FileSelector(path, allow_not_found=True))
    return {info.base_name for info in listing if _is_part(info.base_name)}


def read_rows(folder: str, leave_out: Collection[str] = ()) -> Iterator[dict[str, Any]]:
    """All results, row by row, in order of the names of their parts.

    Args:
        leave_out: columns that are not read.
    """
    for table in read_tables(folder, leave_out):
        yield from table.to_pylist()


def read_tables(folder: str, leave_out: Collection[str] = ()) -> Iterator[pa.Table]:
    """All parts in order of name; one is in memory at a time, on an object store `REMOTE_READS`.

    Args:
        leave_out: columns that are not read.
    """
    yield from read_named(folder, sorted(finished_parts(folder)), leave_out)


def read_named(
    folder: str, files: Sequence[str], leave_out: Collection[str] = ()
) -> Iterator[pa.Table]:
    """The parts with these file names, in this order; see `read_tables`."""
    filesystem, path = resolve(folder)
    names = iter(files)

    def read(name: str) -> pa.Table:
        return _read(filesystem, join(path, name), leave_out)

    if isinstance(filesystem, fs.LocalFileSystem):
        yield from map(read, names)
        return
    # On an object store reading a small part takes as long as a large one: a round trip or two.
    with ThreadPoolExecutor(REMOTE_READS) as threads:
        waiting = deque(threads.submit(read, n) for n in itertools.islice(names, REMOTE_READS))
        while waiting:
            table = waiting.popleft().result()
            waiting.extend(threads.submit(read, n) for n in itertools.islice(names, 1))
            yield table


def read_part(folder: str, unit_name: str) -> list[dict[str, Any]] | None:
    """The results of one unit; None if it has no part."""
    filesystem, path = resolve(folder)
    try:
        rows: list[dict[str, Any]] = _read(filesystem, join(path, part_name(unit_name))).to_pylist()
    except FileNotFoundError:
        return None
    return rows


def drop_parts(folder: str, names: Iterable[str]) -> None:
    """Remove parts by file name."""
    filesystem, path = resolve(folder)
    for name in names:
        filesystem.delete_file(join(path, name))


def drop_failed_parts(folder: str) -> None:
    """Remove the parts with an error in any row, so that the next run tries these units again."""
    filesystem, path = resolve(folder)
    for name in finished_parts(folder):
        errors = _read(filesystem, join(path, name)).column("error")
        if errors.null_count < len(errors):
            filesystem.delete_file(join(path, name))


def _read(filesystem: fs.FileSystem, path: str, leave_out: Collection[str] = ()) -> pa.Table:
    """The columns of a part.

    Raises:
        DataError: the part is damaged.
        OSError: there is none, or it cannot be reached.
    """
    try:
        with (
            filesystem.open_input_file(path) as stream,
            pq.ParquetFile(stream, page_checksum_verification=True) as file,
        ):
            names = [name for name in file.schema_arrow.names if name not in leave_out]
            return file.read(columns=names)
    except (OSError, pa.ArrowException) as error:
        if isinstance(error, OSError) and (error.errno or not isinstance(filesystem, LOCAL)):
            raise  # No permission, no connection.
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise DataError(f"{path} is damaged: {reason}; {REMEDY}") from error


def _is_part(name: str) -> bool:
    return name.startswith("part-") and name.endswith(".parquet")
