"""What the report says of regions: their labels, their classes, and the ratings before them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from raysal.report.draw.table import Table
from raysal.report.regions.classes import RegionClasses, region_classes, region_classes_table
from raysal.report.regions.coverage import (
    Checks,
    ClassRow,
    CoverageRow,
    class_rows,
    coverage,
    coverage_table,
    label_classes_table,
    pool_pixels,
)
from raysal.report.regions.coverage_figure import coverage_figure
from raysal.report.regions.extension import (
    CalibrationRow,
    calibration_rows,
    calibration_table,
    checked,
)
from raysal.report.regions.ratings import Ratings, ratings_figure, ratings_table, read_ratings
from raysal.report.runs.series import Series
from raysal.report.runs.truth import Truths


@dataclass(frozen=True)
class LabelsOf:
    """The labels of one series: `rows` by round, `classes` at the last round with extension."""

    place: int
    label: str
    rows: list[CoverageRow]
    classes: list[ClassRow]


@dataclass(frozen=True)
class RegionSection:
    """What stands on the page and in files of its own.

    Attributes:
        last: the round whose classes are shown.
        sampled: whether some images were left out of the comparison with the truth.
        images_only: labels of series that ask for whole images.
        charts: PNG by name, `coverage` and `ratings`, as far as there is something to draw.
    """

    last: int
    labels: list[LabelsOf]
    calibration: list[CalibrationRow]
    classes: list[tuple[int, RegionClasses]]
    ratings: list[tuple[int, Ratings]]
    images_only: list[str]
    sampled: bool
    notes: list[str]
    charts: dict[str, bytes] = field(default_factory=dict)
    tables: dict[str, Table] = field(default_factory=dict)

    @property
    def files(self) -> dict[str, bytes]:
        """By name in the folder of the report."""
        charts = {f"{name}.png": data for name, data in self.charts.items()}
        tables = {f"{name}.csv": table.csv().encode() for name, table in self.tables.items()}
        return charts | tables


def region_section(
    series: Sequence[Series], common: Sequence[int], truths: Truths
) -> RegionSection | None:
    """All there is to say of the series that ask for regions; None if none does.

    Raises:
        DataError, PoolError: damaged files in a run.
    """
    places = {place: one for place, one in enumerate(series) if _asks_for_regions(one)}
    if not places:
        return None
    asking = list(places.values())
    checks = _checks(asking, truths)
    pools = {run.name: pool_pixels(run) for one in asking for run in one.runs}
    extending = {p: one for p, one in places.items() if _extended(one, common[-1])}
    found = {place: region_classes(one, truths) for place, one in places.items()}
    rated = {place: read_ratings(one) for place, one in places.items()}
    section = RegionSection(
        last=common[-1],
        labels=[
            LabelsOf(place, one.label, coverage(one, pools, checks),
                     class_rows(one, common[-1], checks) if place in extending else [])
            for place, one in places.items()
        ],
        calibration=calibration_rows(asking, checks),
        classes=[(place, one) for place, one in found.items() if one is not None],
        ratings=[(place, one) for place, one in rated.items() if one is not None],
        images_only=[one.label for one in series if not _asks_for_regions(one)],
        sampled=any(check.images < check.of for check in checks.values())
        or any(one is not None and one.images < one.asked for one in found.values()),
        notes=_notes(asking, truths),
    )  # fmt: skip
    section.tables["coverage"] = coverage_table(asking, pools, checks)
    if extending:
        chart = coverage_figure(
            list(extending.values()), list(extending), common[-1], pools, checks
        )
        section.charts["coverage"] = chart
        section.tables["label_classes"] = label_classes_table(asking, checks)
    if section.calibration:
        section.tables["calibration"] = calibration_table(section.calibration)
    if section.classes:
        section.tables["region_classes"] = region_classes_table([c for _, c in section.classes])
    if section.ratings:
        shown = [ratings for _, ratings in section.ratings]
        section.charts["ratings"] = ratings_figure(shown)
        section.tables["ratings"] = ratings_table(shown)
    return section


def _asks_for_regions(one: Series) -> bool:
    # Runs of one series share their settings.
    return one.runs[0].section("rga") is not None


def _extended(one: Series, index: int) -> bool:
    return any(data.record.extended_pixels is not None for data in one.at(index))


def _checks(series: Sequence[Series], truths: Truths) -> Checks:
    checks = {}
    for one in series:
        for run in one.runs:
            for data in run.rounds:
                check = checked(run, data, truths)
                if check is not None:
                    checks[run.name, data.index] = check
    return checks


def _notes(series: Sequence[Series], truths: Truths) -> list[str]:
    missing: dict[str, list[str]] = {}
    for one in series:
        for run in one.runs:
            why = truths.missing(run)
            if why is not None:
                missing.setdefault(why, []).append(run.name)
    return [
        f"No ground truth of {', '.join(names)} besides what annotators said: {why}. So strips "
        "show the labelled part of it only, and neither extended labels nor the classes in "
        "regions can be checked."
        for why, names in missing.items()
    ]
