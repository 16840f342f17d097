"""Build the report of some runs: a folder of figures, tables and a page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from raysal.report.annotation.section import annotation_of
from raysal.report.compare.section import section_of_report
from raysal.report.cost_unit import CostUnit
from raysal.report.draw.html import Picture
from raysal.report.draw.names import safe_name
from raysal.report.draw.style import undrawable
from raysal.report.forecast.section import forecast_section
from raysal.report.out_folder import check_out, write_files
from raysal.report.page import Content, StripPicture, render
from raysal.report.regions.section import region_section
from raysal.report.review.section import review_table, reviews_of
from raysal.report.runs.measured import measured_runs
from raysal.report.runs.qbc import Joined, better_of_measures
from raysal.report.runs.read import RunData, read_runs
from raysal.report.runs.series import Series, apart, common_rounds, group, place_of
from raysal.report.runs.truth import Truths
from raysal.report.strips.figure import strip_figure
from raysal.report.strips.read import missing_for_strips, read_strips
from raysal.report.strips.region_figure import region_strip_figure
from raysal.report.summary.acquisition import (
    acquisition_table,
    acquisition_times,
    other_machines,
)
from raysal.report.summary.balance import balance_figure, entropy_table
from raysal.report.summary.cautions import cautions
from raysal.report.summary.curve import check_counted, curve_table, missing_curve
from raysal.report.summary.curve_figure import curve_figure
from raysal.report.summary.full_data import data_needed, full_data, needed_table
from raysal.report.summary.results import (
    ClassTable,
    SummaryRow,
    class_table,
    iou_table,
    rounds_table,
    summary,
)


@dataclass(frozen=True)
class Report:
    """What was written, and what to print.

    Attributes:
        page: the HTML page.
        written: all files, including the page.
        rows: the summary, one row per series.
        notes: what limits the comparison, and what was left out and why.
        forecast: what the wanted mIoU takes; empty if none was given.
        verdict: which strategies are shown to be better; None if there is nothing to compare.
    """

    page: Path
    written: tuple[Path, ...]
    rows: tuple[SummaryRow, ...]
    notes: tuple[str, ...]
    verdict: str | None = None
    forecast: tuple[str, ...] = ()


def build_report(
    runs: Sequence[Path],
    out: Path,
    *,
    strips: int = 3,
    x: CostUnit = CostUnit.images,
    against: str | None = None,
    qbc: bool = False,
    target: float | None = None,
) -> Report:
    """Write figures, tables and a page on runs, which need not be finished.

    A round whose model is measured is shown before its query is answered. Runs that have only begun
    are left out, and a note says so.

    Runs with the same strategy and settings become one line: the mean over their seeds with one
    standard deviation. Each is shown to its own last round, and strategies are compared at the last
    one that all of them have. Runs on all images at once are what the others are measured against.

    Args:
        runs: run folders, such as runs/<name>.
        out: folder to write into, created if necessary; files of an earlier report are replaced.
        strips: number of queried images to draw per series, from its run with the lowest seed.
        x: unit of the learning curve.
        target: wanted mIoU in percent, for which the labels that it takes are forecast.
        against: a strategy, by its label or the name of one of its runs, against whose time for
            queries that of others is measured.
        qbc: see `better_of_measures`.

    Raises:
        RunError: no run is given, a folder is not a run, none has a measured round, the runs cannot
            be compared, one of them does not count `x`, `against` is none of them or made no query,
            or `out` is a file or holds files that do not belong to a report.
        DataError, PoolError, CheckpointError: damaged files in a run.
        OSError: no space, no permission.
    """
    check_out(out)
    measured, left_out = measured_runs(runs)
    data = read_runs(measured)
    joined = better_of_measures(group(data)) if qbc else Joined(group(data), ())
    series, full = apart(joined.series)
    common = common_rounds(series)
    check_counted(series, x)
    why_no_curve = missing_curve(series)
    reference = full_data(full)
    foreseen = forecast_section(series, x, target) if why_no_curve is None else None
    curve = None
    if why_no_curve is None:
        curve = curve_figure(series, x, reference, foreseen.forecasts if foreseen else ())
    balance = balance_figure(series, common)
    truths = Truths()
    regions = region_section(series, truths)
    annotation = annotation_of(data)
    comparison, not_compared = section_of_report(series, x)
    times = acquisition_times(series, against)
    rival = None if against is None else series[place_of(against, series)].label
    classes = _class_tables(series, full, common)
    files = {
        "curve.csv": curve_table([*series, *full]).csv().encode(),
        "rounds.csv": rounds_table([*series, *full]).csv().encode(),
        "iou.csv": iou_table(classes[0]).csv().encode(),
        "class_entropy.csv": entropy_table(series, common).csv().encode(),
        "class_balance.png": balance,
    }
    if curve is not None:
        files["curve.png"] = curve
    if foreseen is not None:
        files["forecast.csv"] = foreseen.table().csv().encode()
    if len(classes) > 1:
        files["iou_last.csv"] = iou_table(classes[1]).csv().encode()
    if reference is not None:
        files["data_needed.csv"] = needed_table(series, reference).csv().encode()
    reviews = reviews_of(data)
    if reviews:
        files["label_errors.csv"] = review_table(reviews).csv().encode()
    if times:
        files["acquisition_time.csv"] = acquisition_table(times).csv().encode()
    notes = [] if why_no_curve is None else [why_no_curve]
    notes += [
        *left_out,
        *joined.notes,
        *cautions(series, common, full),
        *not_compared,
        *_undrawn_letters(data),
    ]
    if comparison is not None:
        files |= comparison.files
    if against is not None and (others := other_machines(series, against)):
        notes.append(
            f"Not on the machine of {rival}: {', '.join(others)}. The time that their queries "
            "saved is partly that of the machine."
        )
    if regions is not None:
        files |= regions.files
        notes += regions.notes
    if annotation is not None:
        files |= annotation.files
    pictures, undrawn = _pictures(series, strips, truths)
    notes += undrawn
    for picture in pictures:
        name = f"{safe_name(picture.strip.run.name)}-{safe_name(picture.strip.image_id)}.png"
        files[f"strips/{name}"] = picture.picture.png
    page = render(
        Content(
            series, full, common, x, curve, balance, classes, regions, annotation, pictures, notes,
            needed=data_needed(series, reference, x) if reference is not None else (),
            reference=reference, times=times, against=rival, comparison=comparison,
            forecast=foreseen,
            reviews=reviews,
        )
    )  # fmt: skip
    files["report.html"] = page.encode()
    written = write_files(out, files)
    verdict = None if comparison is None else comparison.comparison.summary
    rows = summary([*series, *full])
    told = tuple(foreseen.sentences) if foreseen is not None and target is not None else ()
    return Report(out / "report.html", written, rows, tuple(notes), verdict, told)


def _class_tables(
    series: Sequence[Series], full: Sequence[Series], common: Sequence[int]
) -> list[ClassTable]:
    """At the last round that all series have; if some have more, also at the last one of each."""
    ceiling = [(one, one.last) for one in full]
    tables = [class_table([*((one, common[-1]) for one in series), *ceiling])]
    if any(one.last != common[-1] for one in series):
        tables.append(class_table([*((one, one.last) for one in series), *ceiling]))
    return tables


def _undrawn_letters(runs: Sequence[RunData]) -> Iterator[str]:
    """A note on names with letters that no installed font has, if there are any."""
    names = [name for run in runs for one in run.rounds for name in one.metrics.class_names]
    if lacking := undrawable([*names, *(run.name for run in runs)]):
        yield (
            f"No installed font has the letters of {', '.join(lacking[:5])}: figures show boxes; "
            "install one, such as Noto Sans CJK, and build the report again."
        )


def _pictures(
    series: Sequence[Series], count: int, truths: Truths
) -> tuple[list[StripPicture], list[str]]:
    """Strips of all series, and notes on those that cannot have any."""
    pictures: list[StripPicture] = []
    undrawn: dict[str, list[str]] = {}
    for one in series if count > 0 else ():
        why = missing_for_strips(one.runs[0])
        if why is None:
            pictures += _draw_strips(one, count, truths)
        else:
            undrawn.setdefault(why, []).append(one.label)
    notes = [f"No strips of {', '.join(labels)}: {why}." for why, labels in undrawn.items()]
    return pictures, notes


def _draw_strips(one: Series, count: int, truths: Truths) -> Iterator[StripPicture]:
    for strip in read_strips(one.runs[0], count, truths):
        truth = "annotator's labels" if strip.truth_is_label else "ground truth"
        alt = f"image, {truth}, prediction and errors of {strip.image_id}"
        if strip.labels is None:
            picture = strip_figure(strip)
        else:
            picture = region_strip_figure(strip)
            alt = f"regions of the query, labels, {alt}"
        yield StripPicture(strip, one.label, Picture(picture, alt))
