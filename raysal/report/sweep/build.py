"""Build the report of a sweep: a folder of figures, tables and a page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from matplotlib.figure import Figure

from raysal.report.compare.section import section_of_report
from raysal.report.cost_unit import CostUnit
from raysal.report.draw.html import Picture
from raysal.report.draw.style import figure_style, png, svg
from raysal.report.draw.table import Table
from raysal.report.out_folder import check_out, write_files
from raysal.report.runs.measured_on import measured_on_others
from raysal.report.runs.series import Series, apart
from raysal.report.summary.curve import check_counted, curve_table, missing_curve
from raysal.report.summary.curve_figure import draw_curve
from raysal.report.summary.full_data import full_data
from raysal.report.summary.panels import panels
from raysal.report.sweep.effect import draw_effect
from raysal.report.sweep.groups import Group, curves, group_table, groups, varied
from raysal.report.sweep.heat import draw_heat
from raysal.report.sweep.page import render_sweep
from raysal.sweep.results import TrialResult
from raysal.sweep.trials import Sweep

# With more lines than this in one figure, they cannot be distinguished.
CURVES_AT_MOST = 10
COMPARED_AT_MOST = 16
TOO_MANY = "Not compared in pairs: {} combinations are too many; give some to `raysal compare`."


@dataclass(frozen=True)
class SweepReport:
    """What was written, and what to print; `table` has one row per combination of values."""

    page: Path
    written: tuple[Path, ...]
    table: Table
    notes: tuple[str, ...]


def build_sweep_report(sweep: Sweep, results: Sequence[TrialResult], out: Path) -> SweepReport:
    """Write the figures, tables and page of a sweep, which need not be finished.

    Files: `metric` (`heat` for a grid of two parameters) and `curves`, as PNG and SVG;
    `metric.csv`, `curves.csv`, `sweep.html`; and those of `CompareSection`, if combinations can be
    compared in pairs. Combinations that are trained on all images at once are what the others are
    measured against, as in `build_report`: a level in the curves, and not one of those compared.

    Raises:
        RunError: a trial does not count the unit of cost, or `out` is a file or holds files that
            do not belong to a report.
        DataError: damaged files in a trial.
        OSError: no space, no permission.
    """
    check_out(out)
    found = groups(sweep, results)
    every = curves(found)
    series, full = apart(every)
    judged = [group for group in found if group.label not in {one.label for one in full}]
    unit = CostUnit(sweep.config.cost_unit)
    check_counted(series, unit)
    figures: dict[str, Figure] = {}
    any_metric = any(group.metric is not None for group in judged)
    with figure_style():
        axes = [sweep.config.axes[path] for path in varied(sweep, judged) if any_metric]
        if len(axes) == 2 and not any(axis.drawn for axis in axes):
            figures["heat"] = draw_heat(sweep, judged)
        elif axes:
            figures["metric"] = draw_effect(sweep, judged)
        if _drawable(series) and missing_curve(series) is None:
            figures["curves"] = draw_curve(series, unit, full_data(full))
        pngs = {name: png(figure) for name, figure in figures.items()}
        svgs = {name: svg(figure) for name, figure in figures.items()}
    table = group_table(sweep, found)
    notes = _notes(sweep, found, series, every)
    comparison, not_compared = None, [TOO_MANY.format(len(series))]
    if len(series) <= COMPARED_AT_MOST:
        comparison, not_compared = section_of_report(series, unit)
    notes += tuple(not_compared)
    pictures = {name: Picture(data, ALT[name]) for name, data in pngs.items()}
    page = render_sweep(
        sweep, judged, results, table, pictures, notes, comparison, [one.label for one in full]
    )
    files = {
        **{f"{name}.png": data for name, data in pngs.items()},
        **{f"{name}.svg": data for name, data in svgs.items()},
        "metric.csv": table.csv().encode(),
        "curves.csv": curve_table(every).csv().encode(),
        "sweep.html": page.encode(),
        **({} if comparison is None else comparison.files),
    }
    return SweepReport(out / "sweep.html", write_files(out, files), table, notes)


def _drawable(series: Sequence[Series]) -> bool:
    """Whether the lines of a figure of all curves can be distinguished."""
    return max((len(p.places) for p in panels(series)), default=len(series)) <= CURVES_AT_MOST


ALT = {
    "heat": "the metric over the two parameters, one cell per combination",
    "metric": "the metric against each parameter, mean and spread over seeds",
    "curves": "learning curves, one line per combination of the parameters",
}


def _notes(
    sweep: Sweep, found: Sequence[Group], series: Sequence[Series], every: Sequence[Series]
) -> tuple[str, ...]:
    notes = []
    if (why_no_curve := missing_curve(series)) is not None:
        notes.append(why_no_curve)
    elif not _drawable(series):
        notes.append(
            f"No figure of the learning curves: {len(series)} lines cannot be distinguished; see "
            "curves.csv."
        )
    broken = [group.label for group in found if not group.whole]
    if broken:
        notes.append(
            f"Not all trials finished ({'; '.join(broken)}): these results are based on fewer "
            "seeds or fewer rounds than the others."
        )
    runs = [run for one in every for run in one.runs]
    if others := measured_on_others(runs):
        first, other = others[0]
        notes.append(
            f"{len(others)} trial(s) were measured on other images than the rest, such as "
            f"{other.name} and {first.name}: their mIoU cannot be compared."
        )
    if len(sweep.config.seeds) == 1:
        notes.append("There is one seed per combination: differences may be due to chance.")
    return tuple(notes)
