"""What people's work consisted of: time, clicks and undos by tool, class, region and query."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from raysal.data.answers import OUTSIDE, Work
from raysal.data.decode import IGNORE
from raysal.experiment.answered import Answered
from raysal.report.annotation.answers import QueryAnswers
from raysal.report.draw.table import Table
from raysal.report.runs.read import RunData

ERASED = "(erased)"
UNITS = {
    "images": ("image", 1.0),
    "regions": ("region", 1.0),
    "pixels": ("1,000 pixels", 1000.0),
}
"""Units of people's budgets: what seconds are given per, and how many of the unit that is."""


@dataclass(frozen=True)
class Effort:
    """A sum over pieces of work.

    Attributes:
        share: of the time of all work, in percent.
    """

    name: str
    seconds: float
    share: float
    clicks: int
    undos: int


@dataclass(frozen=True)
class QueryEffort:
    """The work on one query; only answers that say what it consisted of.

    Attributes:
        images: number of these answers.
        regions: seconds of each region that was worked on; a whole image is one.
        outside_s: seconds of work beside what was asked for.
        unit: of the budget, such as `image` or `1,000 pixels`.
        per_unit_s: seconds per unit; None if nothing of it was labelled, or it was not counted.
    """

    title: str
    images: int
    regions: tuple[float, ...]
    outside_s: float
    unit: str
    per_unit_s: float | None

    def quantile_s(self, share: float) -> float | None:
        """The seconds that a share of the regions took at most, 0.5 for the median; None if nobody
        worked on a region."""
        return float(np.quantile(self.regions, share)) if self.regions else None


@dataclass(frozen=True)
class RunWork:
    """The work in one run.

    Attributes:
        tools, classes: most time first.
        by_class: seconds by class and tool, in the order of `classes` and `tools`.
        queries: those with such answers, in order.
        answers: number of answers that say what they consist of.
        of: number of all answers.
    """

    tools: tuple[Effort, ...]
    classes: tuple[Effort, ...]
    by_class: tuple[tuple[float, ...], ...]
    queries: tuple[QueryEffort, ...]
    answers: int
    of: int


def work_of(run: RunData, queries: Sequence[QueryAnswers]) -> RunWork | None:
    """What the work on a run consisted of; None if no tool told."""
    every = [row for query in queries for row in _answers(query)]
    told = [row for row in every if row.work]
    if not told:
        return None
    pieces = [work for row in told for work in row.work]
    tools = _efforts(pieces, lambda work: work.tool)
    names = [_class_name(run, work.class_id) for work in pieces]
    classes = _efforts(pieces, lambda work: _class_name(run, work.class_id))
    seconds: dict[tuple[str, str], float] = {}
    for name, work in zip(names, pieces, strict=True):
        seconds[name, work.tool] = seconds.get((name, work.tool), 0.0) + work.seconds
    return RunWork(
        tools=tools,
        classes=classes,
        by_class=tuple(tuple(seconds.get((c.name, t.name), 0.0) for t in tools) for c in classes),
        queries=tuple(
            _query_effort(run, query) for query in queries if any(r.work for r in _answers(query))
        ),
        answers=len(told),
        of=len(every),
    )


def work_table(runs: Iterable[tuple[RunData, Sequence[QueryAnswers]]]) -> Table:
    """One row per run, query, image, region, class and tool. Regions are counted from 0, best
    first; what was done beside them has none."""
    columns = (
        "run",
        "query",
        "image_id",
        "annotator",
        "region",
        "class",
        "tool",
        "seconds",
        "clicks",
        "undos",
    )
    rows = [
        (
            run.name,
            query.name,
            row.image_id,
            row.annotator,
            None if work.region == OUTSIDE else work.region,
            _class_name(run, work.class_id),
            work.tool,
            work.seconds,
            work.clicks,
            work.undos,
        )
        for run, queries in runs
        for query in queries
        for row in _answers(query)
        for work in row.work
    ]
    return Table(columns, tuple(rows))


def _answers(query: QueryAnswers) -> list[Answered]:
    return [row for row in query.rows if row.state in ("labelled", "unusable")]


def _class_name(run: RunData, class_id: int) -> str:
    if class_id == IGNORE:
        return ERASED
    names = run.class_names
    return names[class_id] if class_id < len(names) else f"class {class_id}"


def _efforts(pieces: Sequence[Work], name_of: Callable[[Work], str]) -> tuple[Effort, ...]:
    total = sum(work.seconds for work in pieces)
    own: dict[str, list[Work]] = {}
    for work in pieces:
        own.setdefault(name_of(work), []).append(work)
    found = [
        Effort(
            name=name,
            seconds=(seconds := sum(work.seconds for work in works)),
            share=100 * seconds / total if total else 0.0,
            clicks=sum(work.clicks for work in works),
            undos=sum(work.undos for work in works),
        )
        for name, works in own.items()
    ]
    return tuple(sorted(found, key=lambda effort: (-effort.seconds, effort.name)))


def _query_effort(run: RunData, query: QueryAnswers) -> QueryEffort:
    rows = [row for row in _answers(query) if row.work]
    regions = [seconds for row in rows for seconds in _region_seconds(row.work).values()]
    unit = _budget_unit(run, query)
    per, many = UNITS[unit]
    labelled = [row for row in rows if row.state == "labelled"]
    amounts = [row.cost.as_dict()[unit] for row in labelled]
    amount = sum(value for value in amounts if value is not None)
    seconds = sum(work.seconds for row in labelled for work in row.work)
    return QueryEffort(
        title=query.title,
        images=len(rows),
        regions=tuple(regions),
        outside_s=sum(w.seconds for row in rows for w in row.work if w.region == OUTSIDE),
        unit=per,
        per_unit_s=many * seconds / amount if amount else None,
    )


def _region_seconds(work: Sequence[Work]) -> Mapping[int, float]:
    seconds: dict[int, float] = {}
    for piece in work:
        if piece.region != OUTSIDE:
            seconds[piece.region] = seconds.get(piece.region, 0.0) + piece.seconds
    return seconds


def _budget_unit(run: RunData, query: QueryAnswers) -> str:
    """The unit of the budget that made a query; that of the first ones is images."""
    index = query.round
    if index is None:
        return "images"
    unit = (run.section_at(run.round(index), "al") or {}).get("budget_unit")
    return unit if unit in UNITS else "images"
