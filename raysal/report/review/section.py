"""The section of a report on label errors, from the reviews of its runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from raysal.experiment.layout import REVIEW_FILE
from raysal.report.draw.table import Table
from raysal.report.runs.read import RunData
from raysal.review.found import Review


@dataclass(frozen=True)
class ReviewOf:
    """The review of one run, and its folder."""

    run: str
    folder: Path
    review: Review

    @property
    def percent(self) -> float | None:
        """Percent of the labelled pixels that are estimated to be wrong."""
        pixels = sum(part.pixels for part in self.review.parts)
        return 100 * sum(part.errors for part in self.review.parts) / pixels if pixels else None

    @property
    def seen(self) -> bool:
        """Whether some labels were judged by a model that was trained on them."""
        return any(part.seen for part in self.review.parts)


def reviews_of(runs: Sequence[RunData]) -> list[ReviewOf]:
    """The reviews that lie in the folders of runs.

    Raises:
        DataError: one is damaged.
    """
    return [
        ReviewOf(run.name, run.layout.review, Review.read(run.layout.review))
        for run in runs
        if (run.layout.review / REVIEW_FILE).exists()
    ]


def review_table(reviews: Sequence[ReviewOf]) -> Table:
    """A row for each review and number of first suspects; precision is empty without the truth."""
    columns = (
        "run", "estimated_wrong_percent", "suspects", "first", "precision", "found_percent",
        "pixel_precision", "pixel_recall",
    )  # fmt: skip
    rows = []
    for one in reviews:
        r = one.review
        for n in list(r.precision) or [r.suspects]:
            at = (n, r.precision.get(n), r.found_percent.get(n))
            rows.append((one.run, one.percent, r.suspects, *at, r.pixel_precision, r.pixel_recall))
    return Table(columns, tuple(rows))
