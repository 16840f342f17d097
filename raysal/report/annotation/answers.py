"""People's answers to the queries of a run."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from raysal.experiment.answered import Answered, read_answered
from raysal.report.draw.table import Table
from raysal.report.runs.read import RunData

TITLES = {"test": "Test images", "val": "Validation images", "initial": "Initial images"}


@dataclass(frozen=True)
class QueryAnswers:
    """What became of the images of one query.

    Attributes:
        name: see `QueryLayout.name`.
    """

    name: str
    rows: tuple[Answered, ...]

    @property
    def title(self) -> str:
        """Its name on a page."""
        return TITLES.get(self.name) or f"Round {self.round}"

    @property
    def round(self) -> int | None:
        """The round whose model made it; None before the first."""
        return None if self.name in TITLES else int(self.name.removeprefix("round-"))


@dataclass(frozen=True)
class Known:
    """A sum over answers, of which some may not say how much it is.

    Attributes:
        total: over the answers that do; None if none does.
        known: number of these answers.
        of: number of all answers.
    """

    total: float | None
    known: int
    of: int

    @property
    def partial(self) -> bool:
        """Whether some but not all answers are counted."""
        return 0 < self.known < self.of


def known(values: Iterable[float | None]) -> Known:
    """The sum of the values that are not None."""
    every = list(values)
    there = [value for value in every if value is not None]
    return Known(sum(there) if there else None, len(there), len(every))


def people_answers(run: RunData) -> tuple[QueryAnswers, ...]:
    """The queries up to the last round that people were asked, in order.

    Raises:
        DataError: one is damaged.
    """
    # The last round of an unfinished run has a query too.
    queries = run.layout.all_queries(run.rounds[-1].index + 1)
    found = (QueryAnswers(here.name, read_answered(here)) for here in queries)
    return tuple(one for one in found if one.rows)


def answers_table(runs: Sequence[tuple[RunData, Sequence[QueryAnswers]]]) -> Table:
    """One row per image and query. `share` is of the pixels of an image; pixels are at the working
    size; times are in UTC."""
    columns = (
        "run",
        "query",
        "image_id",
        "state",
        "annotator",
        "tool",
        "seconds",
        "clicks",
        "undos",
        "regions",
        "pixels",
        "pixels_outside",
        "share",
        "version",
        "saved_at",
        "reviewer",
        "unfinished",
        "note",
    )
    rows = [
        (
            run.name,
            query.name,
            row.image_id,
            row.state,
            row.annotator,
            row.tool,
            row.seconds,
            row.clicks,
            row.undos,
            row.regions,
            row.pixels,
            row.outside,
            row.share,
            row.version,
            _utc(row.saved_at),
            row.reviewer,
            row.unfinished,
            row.note,
        )
        for run, queries in runs
        for query in queries
        for row in query.rows
    ]
    return Table(columns, tuple(rows))


def _utc(seconds: float | None) -> str | None:
    """Such as 2026-01-31T12:00:00Z; None if it is not known, or no time."""
    try:
        return (
            None
            if seconds is None
            else f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%SZ}"
        )
    except (OSError, OverflowError, ValueError):
        return None
