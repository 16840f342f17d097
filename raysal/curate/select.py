"""Select a query from score folders, outside the active learning loop."""

from __future__ import annotations

import functools
import itertools
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from raysal.acquisition.selection.diverse import AnyPick, Constraint, P, diverse
from raysal.acquisition.selection.score_parts import read_parts
from raysal.acquisition.selection.top_k import Pick, RegionPick
from raysal.config.settings import LARGEST
from raysal.curate.diversity import Diversity, Vectors, check_vectors, make_constraints
from raysal.curate.exclude import excluded_ids
from raysal.curate.score_source import ScoreSource, open_sources
from raysal.errors import ConfigError, DataError, RunError
from raysal.experiment.budget import Budget, BudgetUnit
from raysal.experiment.cost import total
from raysal.experiment.query import FILE as QUERY
from raysal.experiment.query import Ask, Rectangle, priced, write_query
from raysal.progress import Watch
from raysal.storage.atomic import read_json, write_json
from raysal.storage.foreign import named, names_in
from raysal.storage.uri import shown

REQUEST = "selection.json"
# Minimum number of picks held at a time; each such window costs a pass over the scores.
AT_ONCE = 10_000
TELL_EVERY = 1000


@dataclass(frozen=True)
class Selected:
    """A query that was selected.

    Attributes:
        asks: the images or regions to label, best first.
        regions: whether they are regions.
        groups: number of picks per group, most first; empty without groups.
    """

    folder: Path
    asks: list[Ask]
    regions: bool
    groups: list[tuple[str, int]]


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
    excluded = excluded_ids(exclude)
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
        asks = list(_asks(itertools.islice(picks, most), first.size))
        filled = len(asks) == most
    else:
        asks, filled = budget.fill(_asks(picks, first.size))
    watch.finish()
    if len(sources) > 1:
        _check_one_content(sources, {ask.image_id for ask in asks})
    if not asks:
        raise DataError(
            f"nothing is left to query in {', '.join(shown(s.folder) for s in sources)}: "
            "every image is excluded or has no score"
        )
    if not filled:
        left = total(ask.cost for ask in asks).in_unit(unit)
        why = "satisfy the constraints" if constraints else "are left"
        watch.say(f"the budget is {amount} {unit}, but only {left:g} {why}; taking them all")
    out.mkdir(parents=True, exist_ok=True)
    write_json(out / REQUEST, request)
    write_query(out, asks)
    counts = Counter(map(group, (ask.image_id for ask in asks))) if group else Counter[str]()
    most_first = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return Selected(out, asks, first.regions is not None, most_first)


@dataclass(frozen=True)
class _Stream:
    """The picks of all folders, without excluded images; can be read repeatedly."""

    sources: Sequence[ScoreSource]
    excluded: frozenset[str]
    watch: Watch

    def images(self) -> Iterator[Pick]:
        """Whole images."""
        return self._of(ScoreSource.picks)

    def regions(self, spare: bool) -> Iterator[RegionPick]:
        """Disjoint regions, or `spare` (overlapping) ones."""
        return self._of(lambda source: source.region_picks(spare))

    def _of(self, picks: Callable[[ScoreSource], Iterable[P]]) -> Iterator[P]:
        for source in self.sources:
            for seen, pick in enumerate(picks(source), 1):
                if seen % TELL_EVERY == 0:
                    self.watch.advance(TELL_EVERY)
                if pick.image_id not in self.excluded:
                    yield pick


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
) -> Iterator[AnyPick]:
    """Picks that satisfy the constraints, best first; overlapping regions after all others."""
    regions = stream.sources[0].regions
    if regions is None:
        yield from diverse(stream.images, constraints, at_once, vectors.fetch)
        return
    for spare in (False, True) if regions.on_shortfall == "overlap" else (False,):
        read = functools.partial(stream.regions, spare)
        yield from diverse(read, constraints, at_once, vectors.fetch)


def _asks(picks: Iterable[AnyPick], size: tuple[int, int]) -> Iterator[Ask]:
    """Lazily: no more picks are searched for than the budget allows. Clicks are unknown."""
    for pick in picks:
        yield from priced([pick], size, _no_clicks)


def _no_clicks(image_id: str, rectangles: Sequence[Rectangle]) -> list[int | None]:
    return [None] * len(rectangles)


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
        return {"scores", "budget", "unit"} <= read_json(file).keys()
    except (ValueError, AssertionError):
        return False


def _check_out(out: Path, request: dict[str, Any]) -> None:
    """Check that `out` holds no query, or that of the same request.

    Raises:
        RunError: it holds another query.
    """
    if (out / QUERY).exists():
        existing = read_json(out / REQUEST) if (out / REQUEST).exists() else {}
        changed = [name for name, value in request.items() if existing.get(name) != value]
        if changed:
            raise RunError(
                f"{out} holds another query (different: {', '.join(changed)}); write to "
                "another folder, or remove it"
            )


def _check_one_content(sources: Sequence[ScoreSource], chosen: set[str]) -> None:
    """Check that each chosen id names the same image in all folders.

    Raises:
        DataError: two pools use an id for different images.
    """
    contents: dict[str, str | None] = {}
    for source in sources:
        if source.regions is not None:
            return
        for row in read_parts(source.folder):
            if row.image_id not in chosen:
                continue
            if contents.setdefault(row.image_id, row.content_hash) != row.content_hash:
                raise DataError(
                    f"'{row.image_id}' is one image in {shown(sources[0].folder)} and another in "
                    f"{shown(source.folder)}; select from pools whose ids differ"
                )
