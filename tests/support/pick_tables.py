"""Picks as the tables that a stream of scores consists of, and back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pyarrow as pa

from raysal.acquisition.selection.top_k import Pick, RegionPick
from raysal.regions.region import Region

AnyPick = Pick | RegionPick


def tables(picks: Sequence[AnyPick], rows: int = 3) -> Iterator[pa.Table]:
    """A stream of parts of so many rows."""
    for start in range(0, len(picks), rows):
        yield table(picks[start : start + rows])


def table(picks: Sequence[AnyPick]) -> pa.Table:
    columns: dict[str, pa.Array] = {
        "image_id": pa.array([pick.image_id for pick in picks], pa.string()),
        "score": pa.array([pick.score for pick in picks], pa.float64()),
    }
    regions = [pick.region for pick in picks if isinstance(pick, RegionPick)]
    if regions:
        for name in ("row", "col", "height", "width", "pixels"):
            columns[name] = pa.array([getattr(region, name) for region in regions], pa.int32())
    return pa.table(columns)


def picks_of(part: pa.Table) -> list[AnyPick]:
    rows = part.to_pylist()
    if "row" not in part.column_names:
        return [Pick(row["image_id"], row["score"]) for row in rows]
    return [
        RegionPick(
            row["image_id"],
            0,
            Region(
                row["row"], row["col"], row["height"], row["width"], row["score"], row["pixels"]
            ),
        )
        for row in rows
    ]
