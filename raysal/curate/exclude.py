"""Images to exclude from a query, because earlier ones hold them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Protocol

import pyarrow as pa
import pyarrow.parquet as pq

from raysal.curate.request import check_query
from raysal.data.lists import Line, first_unknown, match, read_lines, spellings
from raysal.errors import DataError
from raysal.experiment.query import FILE


class Images(Protocol):
    """Where ids are looked up, such as a `ScoreSource`."""

    def image_ids(self) -> Iterator[list[str]]:
        """All ids, some at a time; called several times."""


def excluded_ids(places: Sequence[Path], sources: Sequence[Images]) -> frozenset[str]:
    """The image ids in queries and lists of ids.

    Args:
        places: each is the folder of a query, a Parquet file with the column image_id, or a text
            file with an id on each line; see `raysal.data.lists`.
        sources: what to select from. Lists may name only images that are in them; a query may
            have been made from other images too.

    Raises:
        DataError: a place does not exist or is none of these, or a line names no image.
    """
    ids: set[str] = set()
    lines: list[Line] = []
    for place in places:
        file = place / FILE if place.is_dir() else place
        if not file.is_file():
            raise DataError(
                f"exclude: no query and no list of ids at '{file}'; give a query's folder, or a "
                "text file with an id on each line"
            )
        if file.suffix == ".parquet":
            ids.update(_of_query(file))
        else:
            lines += read_lines(file)
    return frozenset(ids.union(_of_lines(lines, sources)))


def _of_query(file: Path) -> list[str]:
    if file.name == FILE:
        check_query(file.parent)
    try:
        ids: list[str] = pq.read_table(file, columns=["image_id"]).column(0).to_pylist()
    except (pa.ArrowException, OSError) as error:
        raise DataError(f"exclude: cannot read '{file}': {str(error).splitlines()[0]}") from None
    return ids


def _of_lines(lines: Sequence[Line], sources: Sequence[Images]) -> list[str]:
    if not lines:
        return []
    known = _scored({line.text for line in lines}, sources)
    if any(line.text not in known for line in lines):
        others = {name for line in lines if line.text not in known for name in spellings(line.text)}
        known |= _scored(others, sources)
    ids, unknown = match(lines, known)
    if unknown:
        raise DataError(f"exclude: {first_unknown(unknown, _all(sources))}")
    return ids


def _scored(names: Collection[str], sources: Sequence[Images]) -> set[str]:
    """Those of the names that are ids of scored images."""
    return {image_id for image_id in _all(sources) if image_id in names}


def _all(sources: Sequence[Images]) -> Iterator[str]:
    for source in sources:
        for ids in source.image_ids():
            yield from ids
