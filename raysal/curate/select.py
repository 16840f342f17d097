"""Select a query from score folders, outside the active learning loop."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from raysal.acquisition.selection.diverse import Constraint, diverse
from raysal.config.settings import LARGEST
from raysal.curate.diversity import Diversity, Vectors, check_vectors, make_constraints
from raysal.curate.exclude import excluded_ids
from raysal.curate.query_folder import check_place, check_request, write_selected
from raysal.curate.same_images import check_same_images
from raysal.curate.score_source import ScoreSource, open_sources
from raysal.errors import ConfigError, DataError
from raysal.experiment.budget import Budget, BudgetUnit
from raysal.experiment.query import Ask, asks_of, query_table
from raysal.progress import Watch
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
    check_place(out)
    group = diversity.group_of()
    sources = open_sources(folders, allow_partial)
    if diversity.min_distance is not None:
        check_vectors(sources)
    vectors = Vectors(sources if diversity.min_distance is not None else ())
    constraints = make_constraints(diversity, group, vectors)
    excluded = excluded_ids(exclude, sources)
    first = sources[0]
    budget = Budget(amount, unit, first.size, first.window)
    most = at_most(budget, "image" if first.regions is None else "region")
    request = {
        "version": 1, "scores": [shown(s.folder) for s in sources], "key": first.key.dump(),
        "budget": amount, "unit": unit, "diversity": diversity.dump(),
        "excluded": sorted(str(path) for path in exclude),
    }  # fmt: skip
    check_request(out, request)
    watch.start("read scores", None)
    stream = _Stream(sources, excluded, watch)
    picks = _in_order(stream, constraints, max(AT_ONCE, most + 1), vectors)
    if first.regions is None:
        chosen, filled = _first(picks, most)
    else:
        chosen, filled = budget.fill_rows(picks)
    watch.finish()
    if chosen is not None and len(sources) > 1:
        check_same_images(sources, chosen.column("image_id"))
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
    write_selected(out, request, query, first.size)
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


def at_most(budget: Budget, what: str) -> int:
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
