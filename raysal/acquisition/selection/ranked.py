"""The best of a stream of scores, in columns: a budget may cover much of a pool of millions.

A stream consists of Arrow tables. Each row is an image, with the columns `image_id` and `score`, or
a region, which has more, among them `row` and `col`. The order is that of `Pick.rank` and
`RegionPick.rank`, and as in `top_k`, what comes twice counts once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from raysal.inference.resolution import levels

KEYS = ("image_id", "row", "col")
# The score as it is compared, negative, so that the best come first in ascending order.
LEVEL = "level"
POSITION = "position"
# Rows that are collected before they are sorted in.
AT_ONCE = 100_000


def best_rows(stream: Iterable[pa.Table], k: int) -> pa.Table | None:
    """The k best rows, best first; fewer if there are fewer, None if there are none.

    A score that is missing or not finite is never chosen. Holds some multiple of k rows.
    """
    best: list[pa.Table] = []
    waiting: list[pa.Table] = []
    rows = 0
    for table in stream:
        ranked = with_level(table)
        if best and len(best[0]) == k:
            ranked = ranked.filter(pc.invert(_after(ranked, best[0].slice(k - 1))))
        if len(ranked):
            waiting.append(ranked)
            rows += len(ranked)
        if rows >= max(k, AT_ONCE):
            best, waiting, rows = [_sorted(best + waiting, k)], [], 0
    if not best and not waiting:
        return None
    return _sorted(best + waiting, k)


def with_level(table: pa.Table) -> pa.Table:
    """The rows that have a finite score, with what they are ranked by first.

    Ids get a type whose arrays can exceed 2 GiB.
    """
    if LEVEL in table.column_names:
        return table
    score = table.column("score")
    # A comparison with a missing score is null, which a filter leaves out.
    table = table.filter(pc.is_finite(score))
    level = -levels(table.column("score").to_numpy())
    ids = table.schema.get_field_index("image_id")
    table = table.set_column(ids, "image_id", table.column(ids).cast(pa.large_string()))
    return table.append_column(LEVEL, pa.array(level))


def rows_after(table: pa.Table, last: pa.Table) -> pa.Table:
    """The rows that rank after a given one.

    Args:
        last: a table of one row, from `best_rows`.
    """
    ranked = with_level(table)
    return ranked.filter(_after(ranked, last))


def rows_without(table: pa.Table, taken: Sequence[pa.Table]) -> pa.Table:
    """The rows of `best_rows` that are not in any of these tables, in the same order."""
    if not taken:
        return table
    keys = _keys(table)
    numbered = table.append_column(POSITION, pa.array(np.arange(len(table))))
    known = pa.concat_tables([part.select(keys) for part in taken])
    left = numbered.select([*keys, POSITION]).join(known, keys=keys, join_type="left anti")
    if len(left) == len(table):
        return table
    return table.take(np.sort(left.column(POSITION).to_numpy()))


def slices(table: pa.Table, rows: int) -> Iterator[pa.Table]:
    """A table in pieces of so many rows."""
    for start in range(0, len(table), rows):
        yield table.slice(start, rows)


def _keys(table: pa.Table) -> list[str]:
    return [name for name in KEYS if name in table.column_names]


def _after(table: pa.Table, row: pa.Table) -> pa.ChunkedArray:
    """Mask of the rows that rank after a single one."""
    after = None
    for name in reversed((LEVEL, *_keys(table))):
        column, value = table.column(name), row.column(name)[0]
        greater = pc.greater(column, value)
        if after is not None:
            greater = pc.or_(greater, pc.and_(pc.equal(column, value), after))
        after = greater
    return after


def _sorted(tables: Sequence[pa.Table], k: int) -> pa.Table:
    """The k best of all; of what comes twice, the last."""
    table = pa.concat_tables(tables)
    keys = _keys(table)
    numbered = table.select(keys).append_column(POSITION, pa.array(np.arange(len(table))))
    last = numbered.group_by(keys).aggregate([(POSITION, "max")])
    if len(last) < len(table):
        table = table.take(np.sort(last.column(f"{POSITION}_max").to_numpy()))
    del numbered, last
    order = pc.sort_indices(table, [(name, "ascending") for name in (LEVEL, *keys)])
    return table.take(order.slice(0, k)).combine_chunks()
