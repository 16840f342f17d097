"""`selection.json` beside a query: what was asked for, and the hash of the query."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from raysal.errors import DataError
from raysal.experiment.layout import QUERY_FILE, STAMP
from raysal.storage.atomic import write_json
from raysal.storage.seal import hash_file, is_intact, sealed

REQUEST = "selection.json"
HASH = "query"
SIZE = "size"
REMEDY = "remove the folder and select again"


def write_request(folder: Path, request: Mapping[str, Any]) -> None:
    """Write the request, atomically."""
    write_json(folder / REQUEST, sealed(request))


def read_request(folder: Path) -> dict[str, Any]:
    """The request of a query; empty if there is none.

    Raises:
        DataError: it is damaged.
    """
    file = folder / REQUEST
    if not file.exists():
        return {}
    try:
        value = json.loads(file.read_bytes())
    except ValueError as error:  # Not JSON, or not text.
        reason = str(error).splitlines()[0]
        raise DataError(f"{file} is damaged: {reason}; {REMEDY}") from None
    if not isinstance(value, dict) or not is_intact(value):
        raise DataError(f"{file} is damaged: its content has changed; {REMEDY}")
    return value


def check_query(folder: Path) -> None:
    """Check that a query is as it was written, if its hash is known.

    Args:
        folder: written by `raysal select`, or the query of a round.

    Raises:
        DataError: it is damaged or missing.
    """
    if (folder / STAMP).exists():
        from raysal.experiment.stage import check_stage

        check_stage(folder)
    known = read_request(folder).get(HASH)
    file = folder / QUERY_FILE
    if known is not None and file.exists() and hash_file(file) != known:
        raise DataError(f"{file} is damaged: its content has changed; {REMEDY}")
