"""The section of a report on regions: labels, classes in regions, and ratings of candidates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
    drawn_to_measure,
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
from raysal.report.runs.asked import asking_rounds, read_asked
from raysal.report.runs.series import Series
from raysal.report.runs.truth import Truths


@dataclass(frozen=True)
class LabelsOf:
    """The labels of one series.

    Attributes:
        place: index of the series in the report.
        last: its last round, see `Series.last`.
        rows: by round.
        classes: at its last round; empty without extension.
        unmasked: whether the data set has no mask of any image with regions, so that nothing can be
            compared with the ground truth.
    """

    place: int
    label: str
    last: int
    rows: list[CoverageRow]
    classes: list[ClassRow]
    unmasked: bool

    @property
    def compared(self) -> bool:
        """Whether any extended label was compared with the ground truth."""
        return any(row.right is not None for row in self.rows)

    @property
    def refused(self) -> bool:
        """Whether annotators have refused extended labels."""
        return any(row.refused is not None for row in self.classes)


@dataclass(frozen=True)
class RegionSection:
    """The contents of the section; numbers in pairs are indices of series in the report.

    Attributes:
        held_out: whether images of the pool were drawn by lot to measure on, and are not counted.
        images_only: labels of the series that query whole images.
        sampled: whether only some of a series' images were compared with the ground truth.
        notes: for the top of the page.
        charts: PNG by name: `coverage` and `ratings`, if there are data for them.
        tables: by name.
    """

    labels: list[LabelsOf]
    calibration: list[CalibrationRow]
    classes: list[tuple[int, RegionClasses]]
    ratings: list[tuple[int, Ratings]]
    held_out: bool
    images_only: list[str]
    sampled: bool
    notes: list[str]
    charts: dict[str, bytes] = field(default_factory=dict)
    tables: dict[str, Table] = field(default_factory=dict)

    @property
    def unmasked(self) -> str:
        """Names of the series whose images have no masks; empty if there are none."""
        return ", ".join(one.label for one in self.labels if one.unmasked)

    @property
    def files(self) -> dict[str, bytes]:
        """Charts and tables by file name."""
        charts = {f"{name}.png": data for name, data in self.charts.items()}
        tables = {f"{name}.csv": table.csv().encode() for name, table in self.tables.items()}
        return charts | tables


def region_section(series: Sequence[Series], truths: Truths) -> RegionSection | None:
    """The section on the series that query regions; None if none does.

    Raises:
        DataError, PoolError: damaged files in a run.
    """
    places = {place: one for place, one in enumerate(series) if _asks_for_regions(one)}
    if not places:
        return None
    asking = list(places.values())
    checks = _checks(asking, truths)
    pools = {run.name: pool_pixels(run) for one in asking for run in one.runs}
    extending = {p: one for p, one in places.items() if _extended(one, one.last)}
    found = {place: region_classes(one, truths) for place, one in places.items()}
    rated = {place: read_ratings(one) for place, one in places.items()}
    section = RegionSection(
        labels=[
            LabelsOf(
                place,
                one.label,
                one.last,
                coverage(one, pools, checks),
                class_rows(one, one.last, checks) if place in extending else [],
                _unmasked(one, truths),
            )
            for place, one in places.items()
        ],
        calibration=calibration_rows(asking, checks),
        classes=[(place, one) for place, one in found.items() if one is not None],
        ratings=[(place, one) for place, one in rated.items() if one is not None],
        held_out=any(drawn_to_measure(run) for one in asking for run in one.runs),
        images_only=[one.label for one in series if not _asks_for_regions(one)],
        sampled=any(0 < check.images < check.of for check in checks.values())
        or any(one is not None and one.images < one.asked for one in found.values()),
        notes=_notes(asking, truths),
    )
    _add_files(section, asking, extending, pools, checks)
    return section


def _add_files(
    section: RegionSection,
    asking: Sequence[Series],
    extending: Mapping[int, Series],
    pools: Mapping[str, int | None],
    checks: Checks,
) -> None:
    """Add charts and tables, as far as there are data for them."""
    section.tables["coverage"] = coverage_table(asking, pools, checks)
    if extending:
        section.charts["coverage"] = coverage_figure(
            list(extending.values()), list(extending), pools, checks
        )
        section.tables["label_classes"] = label_classes_table(asking, checks)
    if section.calibration:
        section.tables["calibration"] = calibration_table(section.calibration)
    if section.classes:
        section.tables["region_classes"] = region_classes_table([c for _, c in section.classes])
    if section.ratings:
        shown = [ratings for _, ratings in section.ratings]
        section.charts["ratings"] = ratings_figure(shown)
        section.tables["ratings"] = ratings_table(shown)


def _asks_for_regions(one: Series) -> bool:
    # All runs of a series have the same settings, and changed alike.
    run = one.runs[0]
    return any(run.section_at(data, "rga") is not None for data in asking_rounds(run) or (None,))


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


def _unmasked(one: Series, truths: Truths) -> bool:
    asked = [(run, data) for run in one.runs for data in asking_rounds(run)]
    return (
        bool(asked)
        and all(truths.missing(run) is None for run in one.runs)
        and not any(truths.known(run, read_asked(data)) for run, data in asked)
    )


def _notes(series: Sequence[Series], truths: Truths) -> list[str]:
    missing: dict[str, list[str]] = {}
    for one in series:
        for run in one.runs:
            why = truths.missing(run)
            if why is not None:
                missing.setdefault(why, []).append(run.name)
    return [
        f"No ground truth for {', '.join(names)} except the annotators' labels: {why}. Strips "
        "therefore compare with these labels, and neither extended labels nor the classes in "
        "regions can be checked."
        for why, names in missing.items()
    ]
