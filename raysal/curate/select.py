"""Select a query from score folders, outside the active learning loop."""

from __future__ import annotations

import functools
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from raysal.acquisition.selection.diverse import Constraint, diverse
from raysal.acquisition.selection.score_parts import read_hashes
from raysal.config.settings import LARGEST
from raysal.curate.diversity import Diversity, Vectors, check_vectors, make_constraints
from raysal.curate.exclude import excluded_ids
from raysal.curate.request import HASH, REQUEST, read_request, write_request
from raysal.curate.score_source import ScoreSource, open_sources
from raysal.errors import ConfigError, DataError, RunError
from raysal.experiment.budget import Budget, BudgetUnit
from raysal.experiment.query import FILE as QUERY
from raysal.experiment.query import Ask, asks_of, query_table, write_query_table
from raysal.progress import Watch
from raysal.storage.foreign import named, names_in
from raysal.storage.seal import hash_file
from raysal.storage.uri import shown

# Minimum number of rows held at a time; each such window costs a pass over the scores.
AT_ONCE = 10_000


@dataclass(frozen=True)
class Selected:
    """A query that was selected.

    Attributes:
        query: the images or regions to label, best first, in the columns of the query's file.
        regions: whether they are regions.
        groups: number of picks per group, most first; empty without groups.
    """

    folder: Path
    query: pa.Table
    regions: bool
    groups: list[tuple[str, int]]

    @property
    def asks(self) -> list[Ask]:
        """The images or regions as objects; for small queries."""
        return asks_of(self.query)

    @property
    def images(self) -> int:
        """Number of different images."""
        return int(pc.count_distinct(self.query.column("image_id")).as_py())

    @property
    def pixels(self) -> int:
        """Number of pixels to label."""
        return int(pc.sum(self.query.column("cost_pixels")).as_py())

    @property
    def scores(self) -> tuple[float, float]:
        """The highest and the lowest."""
        column = self.query.column("score")
        return column[0].as_py(), column[-1].as_py()


def select_query(
    folders: Sequence[str],
    amount: int,
    unit: BudgetUnit,
    out: Path,
    watch: Watch,
    *,
    diversity: Diversity | None = None,
    exclude: Sequence[Path] = (),
    allow_partial: bool = False,
) -> Selected:
    """Write a query of the best images or regions in score folders that the budget allows.

    An image in several folders counts once. Memory grows with the budget, not with the number of
    scores; see `diverse`.

    Args:
        exclude: queries or lists of ids; the images in them are not queried again.
        allow_partial: accept unfinished scorings.

    Raises:
        ConfigError: options exclude each other, or the budget is less than one image or region.
        DataError: an id has no group or frame number, two images share an id, or nothing is left.
        RunError: a score folder is absent, empty, unfinished or of another kind, or `out` holds
            another query or files that raysal did not make.
    """
    diversity = diversity or Diversity()
    diversity.check()
    _check_place(out)
    group = diversity.group_of()
    sources = open_sources(folders, allow_partial)
    if diversity.min_distance is not None:
        check_vectors(sources)
    vectors = Vectors(sources if diversity.min_distance is not None else ())
    constraints = make_constraints(diversity, group, vectors)
    excluded = excluded_ids(exclude, sources)
    first = sources[0]
    budget = Budget(amount, unit, first.size, first.window)
    most = _at_most(budget, "image" if first.regions is None else "region")
    request = {
        "version": 1, "scores": [shown(s.folder) for s in sources], "key": first.key.dump(),
        "budget": amount, "unit": unit, "diversity": diversity.dump(),
        "excluded": sorted(str(path) for path in exclude),
    }  # fmt: skip
    _check_out(out, request)
    watch.start("read scores", None)
    stream = _Stream(sources, excluded, watch)
    picks = _in_order(stream, constraints, max(AT_ONCE, most + 1), vectors)
    if first.regions is None:
        chosen, filled = _first(picks, most)
    else:
        chosen, filled = budget.fill_rows(picks)
    watch.finish()
    if chosen is not None and len(sources) > 1:
        _check_one_content(sources, chosen.column("image_id"))
    if chosen is None or not len(chosen):
        raise DataError(
            f"nothing is left to query in {', '.join(shown(s.folder) for s in sources)}: "
            "every image is excluded or has no score"
        )
    query = query_table(chosen, first.size)
    if not filled:
        left = pc.sum(query.column(f"cost_{unit}")).as_py()
        why = "satisfy the constraints" if constraints else "are left"
        watch.say(f"the budget is {amount} {unit}, but only {left:g} {why}; taking them all")
    out.mkdir(parents=True, exist_ok=True)
    write_request(out, request)
    write_query_table(out, query)
    write_request(out, {**request, HASH: hash_file(out / QUERY)})
    counts = _count_groups(query.column("image_id"), group) if group else Counter[str]()
    most_first = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return Selected(out, query, first.regions is not None, most_first)


@dataclass(frozen=True)
class _Stream:
    """The scores of all folders, without excluded images; can be read repeatedly."""

    sources: Sequence[ScoreSource]
    excluded: frozenset[str]
    watch: Watch

    def read(self, spare: bool = False) -> Iterator[pa.Table]:
        """Whole images; disjoint regions, or `spare` (overlapping) ones."""
        for source in self.sources:
            for table in source.tables(spare):
                self.watch.advance(len(table))
                yield self._without_excluded(table) if self.excluded else table

    def _without_excluded(self, table: pa.Table) -> pa.Table:
        ids = table.column("image_id").to_pylist()
        return table.filter(pa.array([i not in self.excluded for i in ids], pa.bool_()))


def _at_most(budget: Budget, what: str) -> int:
    """Number of whole windows that the budget allows."""
    if budget.amount > LARGEST:
        raise ConfigError(
            f"a budget of {budget.amount} {budget.unit} is too large; at most {LARGEST}"
        )
    height, width = budget.window
    most = budget.at_most(height * width)
    if most < 1:
        raise ConfigError(
            f"a budget of {budget.amount} {budget.unit} is less than one {what} of "
            f"{height}x{width} = {height * width} pixels"
        )
    return most


def _in_order(
    stream: _Stream, constraints: Sequence[Constraint], at_once: int, vectors: Vectors
) -> Iterator[pa.Table]:
    """Rows that satisfy the constraints, best first; overlapping regions after all others."""
    regions = stream.sources[0].regions
    prepare = None if all(constraint.quick for constraint in constraints) else vectors.fetch
    overlapping = regions is not None and regions.on_shortfall == "overlap"
    for spare in (False, True) if overlapping else (False,):
        read = functools.partial(stream.read, spare)
        yield from diverse(read, constraints, at_once, prepare)


def _first(tables: Iterable[pa.Table], most: int) -> tuple[pa.Table | None, bool]:
    """The first rows of several tables, and whether there were as many as wanted."""
    taken: list[pa.Table] = []
    left = most
    for table in tables:
        taken.append(table.slice(0, left))
        left -= len(taken[-1])
        if left == 0:
            break
    return (pa.concat_tables(taken) if taken else None), left == 0


def _count_groups(image_ids: pa.ChunkedArray, group: Callable[[str], str]) -> Counter[str]:
    counts = Counter[str]()
    for start in range(0, len(image_ids), AT_ONCE):
        counts.update(map(group, image_ids.slice(start, AT_ONCE).to_pylist()))
    return counts


def _check_place(out: Path) -> None:
    """Check that `out` is a new or empty folder, or one that an earlier selection wrote.

    Raises:
        RunError: it is a file, or holds other files.
    """
    names = names_in(str(out))
    if QUERY in names or (REQUEST in names and _is_request(out / REQUEST)):
        return  # `_check_out` compares the two queries.
    if names:
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


def _check_out(out: Path, request: dict[str, Any]) -> None:
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


def _check_one_content(sources: Sequence[ScoreSource], chosen: pa.ChunkedArray) -> None:
    """Check that each chosen id names the same image in all folders.

    Raises:
        DataError: two pools use an id for different images.
    """
    if sources[0].regions is not None:
        return
    ids = chosen.unique()
    parts: list[pa.Table] = []
    for index, source in enumerate(sources):
        part = read_hashes(source.folder)
        where = pc.index_in(part.column("image_id").cast(ids.type), value_set=ids)
        part = pa.table({"where": where, "hash": part.column("content_hash")})
        parts.append(part.filter(where.is_valid()))
        parts[-1] = parts[-1].append_column("source", pa.array(np.full(len(parts[-1]), index)))
    rows = pa.concat_tables(parts).combine_chunks()
    where_N, source_N = (rows.column(name).to_numpy() for name in ("where", "source"))
    codes = rows.column("hash").combine_chunks().dictionary_encode().indices
    hash_N = codes.fill_null(-1).to_numpy(zero_copy_only=False)
    _, first, inverse_N = np.unique(where_N, return_index=True, return_inverse=True)
    differs_N = hash_N != hash_N[first][inverse_N]
    if differs_N.any():
        row = int(differs_N.argmax())
        raise DataError(
            f"'{ids[int(where_N[row])]}' is one image in {shown(sources[0].folder)} and another in "
            f"{shown(sources[int(source_N[row])].folder)}; select from pools whose ids differ"
        )
