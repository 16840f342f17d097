"""The section of a report on annotation: by annotator, by query, and what was not usable."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from raysal.experiment.answered import Answered
from raysal.report.annotation.agreement import RunAgreement, agreement_of, agreement_table
from raysal.report.annotation.answers import (
    Known,
    QueryAnswers,
    answers_table,
    known,
    people_answers,
)
from raysal.report.annotation.work import RunWork, work_of, work_table
from raysal.report.annotation.work_figure import work_figure
from raysal.report.draw.names import safe_name
from raysal.report.draw.table import Table
from raysal.report.runs.read import RunData

NOTES_AT_MOST = 20


@dataclass(frozen=True)
class AnnotatorRow:
    """The work of one person in all queries of a run.

    Attributes:
        images: labelled images.
        pixels: labelled pixels at the working size, those in `outside` among them.
        outside: pixels that were labelled beside what was asked for.
        unusable: images that could not be labelled.
        tools: number of answers by tool, the most used first.
    """

    name: str
    images: int
    regions: int
    pixels: int
    outside: int
    unusable: int
    seconds: Known
    clicks: Known
    tools: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class QueryRow:
    """What became of a query; numbers of images.

    Attributes:
        known: whose masks were there before.
        regions: labelled regions; a whole image is one.
        per_image_s, per_region_s: medians over the labelled images whose time is known; None if
            that is none.
    """

    title: str
    asked: int
    labelled: int
    known: int
    unusable: int
    given_back: int
    regions: int
    per_image_s: float | None
    per_region_s: float | None
    seconds: Known
    clicks: Known


@dataclass(frozen=True)
class Unusable:
    """An image that could not be labelled, and why."""

    query: str
    image_id: str
    annotator: str
    note: str


@dataclass(frozen=True)
class RunAnnotation:
    """The work in one run.

    Attributes:
        unusable: at most `NOTES_AT_MOST`.
        more_unusable: number of others.
        work: what the answers consisted of; None if no tool told.
        agreement: None if no two people labelled the same image.
    """

    run: str
    annotators: tuple[AnnotatorRow, ...]
    queries: tuple[QueryRow, ...]
    unusable: tuple[Unusable, ...]
    more_unusable: int
    work: RunWork | None
    agreement: RunAgreement | None

    @property
    def any_known(self) -> bool:
        """Whether any mask was there before."""
        return any(query.known for query in self.queries)

    @property
    def any_regions(self) -> bool:
        """Whether anything but whole images was labelled."""
        return any(query.regions != query.labelled + query.known for query in self.queries)


@dataclass(frozen=True)
class Annotation:
    """The contents of the section; `answers` is one row per image and query.

    Attributes:
        charts: PNG of each run with `work`, by name of the run.
        tables: by file name; `work` and `agreement` only if there are data for them.
    """

    runs: tuple[RunAnnotation, ...]
    answers: Table
    charts: dict[str, bytes]
    tables: dict[str, Table]

    @property
    def files(self) -> dict[str, bytes]:
        """Charts and tables by file name."""
        several = len(self.charts) > 1
        charts = {
            f"work-{safe_name(run)}.png" if several else "work.png": data
            for run, data in self.charts.items()
        }
        return charts | {name: table.csv().encode() for name, table in self.tables.items()}

    @property
    def any_regions(self) -> bool:
        """Whether anything but whole images was labelled in any run."""
        return any(run.any_regions for run in self.runs)


def annotation_of(runs: Sequence[RunData]) -> Annotation | None:
    """The section on the runs that people labelled; None if there are none.

    Raises:
        DataError: their answers are damaged.
    """
    answered = [(run, queries) for run in runs if (queries := people_answers(run))]
    if not answered:
        return None
    of_runs = tuple(_of_run(run, queries) for run, queries in answered)
    answers = answers_table(answered)
    tables = {"answers.csv": answers}
    if any(one.work is not None for one in of_runs):
        tables["work.csv"] = work_table(answered)
    if agreeing := [one.agreement for one in of_runs if one.agreement is not None]:
        tables["agreement.csv"] = agreement_table(agreeing)
    charts = {one.run: work_figure(one.work) for one in of_runs if one.work is not None}
    return Annotation(of_runs, answers, charts, tables)


def _of_run(run: RunData, queries: Sequence[QueryAnswers]) -> RunAnnotation:
    unusable = [
        Unusable(query.title, row.image_id, row.annotator, row.note)
        for query in queries
        for row in query.rows
        if row.state == "unusable"
    ]
    return RunAnnotation(
        run=run.name,
        annotators=_by_annotator(row for query in queries for row in query.rows),
        queries=tuple(_query_row(query) for query in queries),
        unusable=tuple(unusable[:NOTES_AT_MOST]),
        more_unusable=max(0, len(unusable) - NOTES_AT_MOST),
        work=work_of(run, queries),
        agreement=agreement_of(run),
    )


def _by_annotator(rows: Iterable[Answered]) -> tuple[AnnotatorRow, ...]:
    """One row per person, who labelled most first."""
    people: dict[str, list[Answered]] = {}
    for row in rows:
        if row.state in ("labelled", "unusable"):
            people.setdefault(row.annotator, []).append(row)
    found = [_annotator_row(name, own) for name, own in people.items()]
    return tuple(sorted(found, key=lambda row: (-row.pixels, row.name)))


def _annotator_row(name: str, rows: Sequence[Answered]) -> AnnotatorRow:
    return AnnotatorRow(
        name=name,
        images=sum(row.state == "labelled" for row in rows),
        regions=sum(row.regions for row in rows),
        pixels=sum(row.pixels + row.outside for row in rows),
        outside=sum(row.outside for row in rows),
        unusable=sum(row.state == "unusable" for row in rows),
        seconds=known(row.seconds for row in rows),
        clicks=known(row.clicks for row in rows),
        tools=tuple(Counter(row.tool for row in rows).most_common()),
    )


def _query_row(query: QueryAnswers) -> QueryRow:
    states = Counter(row.state for row in query.rows)
    answers = [row for row in query.rows if row.state in ("labelled", "unusable")]
    timed = [
        (row.seconds, row.regions)
        for row in answers
        if row.state == "labelled" and row.seconds is not None
    ]
    return QueryRow(
        title=query.title,
        asked=len(query.rows),
        labelled=states["labelled"],
        known=states["known"],
        unusable=states["unusable"],
        given_back=states["given back"],
        regions=sum(row.regions for row in query.rows),
        per_image_s=_median([seconds for seconds, _ in timed]),
        per_region_s=_median([seconds / regions for seconds, regions in timed if regions]),
        seconds=known(row.seconds for row in answers),
        clicks=known(row.clicks for row in answers),
    )


def _median(values: Sequence[float]) -> float | None:
    return statistics.median(values) if values else None
