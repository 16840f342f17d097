"""Images to exclude from a query, because earlier ones hold them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from raysal.errors import DataError
from raysal.experiment.query import FILE


def excluded_ids(places: Sequence[Path]) -> frozenset[str]:
    """The image ids in queries and lists of ids.

    Args:
        places: each is the folder of a query, a Parquet file with the column image_id, or a text
            file with an id on each line.

    Raises:
        DataError: a place does not exist, or is none of these.
    """
    return frozenset(image_id for place in places for image_id in _ids(place))


def _ids(place: Path) -> list[str]:
    file = place / FILE if place.is_dir() else place
    try:
        if file.suffix == ".parquet":
            ids: list[str] = pq.read_table(file, columns=["image_id"]).column(0).to_pylist()
            return ids
        return [line.strip() for line in file.read_text().splitlines() if line.strip()]
    except FileNotFoundError:
        raise DataError(
            f"exclude: no query and no list of ids at '{file}'; give a query's folder, or a "
            "text file with an id on each line"
        ) from None
    except (pa.ArrowInvalid, pa.ArrowKeyError, UnicodeDecodeError, OSError) as error:
        raise DataError(f"exclude: cannot read '{file}': {str(error).splitlines()[0]}") from None
