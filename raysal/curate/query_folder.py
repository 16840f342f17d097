"""The folder that a selection writes: the query, and the request that it answers."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa

from raysal.curate.request import HASH, REQUEST, SIZE, read_request, write_request
from raysal.errors import RunError
from raysal.experiment.query import FILE as QUERY
from raysal.experiment.query import write_query_table
from raysal.storage.foreign import named, names_in
from raysal.storage.seal import hash_file


def check_place(out: Path, ours: Collection[str] = ()) -> None:
    """Check that `out` is a new or empty folder, or one that an earlier selection wrote.

    Args:
        ours: names of folders that an interrupted selection may have left there.

    Raises:
        RunError: it is a file, or holds other files.
    """
    names = names_in(str(out))
    if QUERY in names or (REQUEST in names and _is_request(out / REQUEST)):
        return  # `check_request` compares the two queries.
    if names := [name for name in names if name not in ours]:
        raise RunError(
            f"{out} holds files that raysal did not make there ({named(names)}); choose an empty "
            "or new folder for the query"
        )


def _is_request(file: Path) -> bool:
    """Whether a file is a `selection.json` that raysal wrote."""
    try:
        value = json.loads(file.read_bytes())
    except ValueError:  # Not JSON, or not text.
        return False
    return isinstance(value, dict) and {"scores", "budget", "unit"} <= value.keys()


def check_request(out: Path, request: Mapping[str, Any]) -> None:
    """Check that `out` holds no query, or that of the same request.

    Raises:
        RunError: it holds another query.
    """
    if (out / QUERY).exists():
        existing = read_request(out)
        changed = [name for name, value in request.items() if existing.get(name) != value]
        if changed:
            raise RunError(
                f"{out} holds another query (different: {', '.join(changed)}); write to "
                "another folder, or remove it"
            )


def write_selected(
    out: Path, request: Mapping[str, Any], query: pa.Table, size: tuple[int, int]
) -> None:
    """Write a query and its request, in such an order that a kill leaves no query without one.

    Args:
        size: (height, width) of which the rectangles of the query are.
    """
    out.mkdir(parents=True, exist_ok=True)
    write_request(out, request)
    write_query_table(out, query)
    write_request(out, {**request, SIZE: list(size), HASH: hash_file(out / QUERY)})
