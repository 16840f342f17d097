"""From the results of a sweep to a folder of figures, a table and one page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from matplotlib.figure import Figure

from raysal.report.cost_unit import CostUnit
from raysal.report.draw.style import figure_style, png, svg
from raysal.report.draw.table import Table
from raysal.report.out_folder import check_out, write_files
from raysal.report.page import Picture
from raysal.report.runs.measured_on import measured_on_others
from raysal.report.runs.series import Series
from raysal.report.summary.curve import check_counted, curve_table, draw_curve
from raysal.report.sweep.effect import draw_effect
from raysal.report.sweep.groups import Group, curves, group_table, groups, varied
from raysal.report.sweep.heat import draw_heat
from raysal.report.sweep.page import render_sweep
from raysal.sweep.results import TrialResult
from raysal.sweep.trials import Sweep

# More lines than this in one figure cannot be told apart.
CURVES_AT_MOST = 7


@dataclass(frozen=True)
class SweepReport:
    """What was written and what to print."""

    page: Path
    written: tuple[Path, ...]
    table: Table
    notes: tuple[str, ...]


def build_sweep_report(sweep: Sweep, results: Sequence[TrialResult], out: Path) -> SweepReport:
    """`metric.png` (or `heat.png` for a grid of two parameters), `curves.png`, each as SVG too,
    `metric.csv`, `curves.csv` and `sweep.html`.

    Raises:
        RunError: no trial has recorded a round in the unit of cost, or `out` is a file or holds
            files that are not of a report.
        DataError: damaged files in a trial.
        OSError: no space, no permission.
    """
    check_out(out)
    found = groups(sweep, results)
    series = curves(found)
    unit = CostUnit(sweep.config.cost_unit)
    check_counted(series, unit)
    figures: dict[str, Figure] = {}
    with figure_style():
        axes = [sweep.config.parameters[path] for path in varied(sweep, found)]
        if len(axes) == 2 and not any(axis.drawn for axis in axes):
            figures["heat"] = draw_heat(sweep, found)
        elif axes:
            figures["metric"] = draw_effect(sweep, found)
        if len(series) <= CURVES_AT_MOST:
            figures["curves"] = draw_curve(series, unit)
        pngs = {name: png(figure) for name, figure in figures.items()}
        svgs = {name: svg(figure) for name, figure in figures.items()}
    table = group_table(sweep, found)
    notes = _notes(sweep, found, series)
    pictures = {name: Picture(data, ALT[name]) for name, data in pngs.items()}
    page = render_sweep(sweep, found, results, table, pictures, notes)
    files = {
        **{f"{name}.png": data for name, data in pngs.items()},
        **{f"{name}.svg": data for name, data in svgs.items()},
        "metric.csv": table.csv().encode(),
        "curves.csv": curve_table(series).csv().encode(),
        "sweep.html": page.encode(),
    }
    return SweepReport(out / "sweep.html", write_files(out, files), table, notes)


ALT = {
    "heat": "the metric over the two parameters, a cell per combination",
    "metric": "the metric against each parameter, mean and spread over seeds",
    "curves": "learning curves, a line per combination of the parameters",
}


def _notes(sweep: Sweep, found: Sequence[Group], series: Sequence[Series]) -> tuple[str, ...]:
    notes = []
    if len(series) > CURVES_AT_MOST:
        notes.append(
            f"No figure of the learning curves: {len(series)} lines cannot be told apart; "
            "curves.csv has them."
        )
    broken = [group.label for group in found if not group.whole]
    if broken:
        notes.append(
            f"Not all trials ran to their end ({'; '.join(broken)}): their numbers are of fewer "
            "seeds or of fewer rounds than the others'."
        )
    runs = [run for one in series for run in one.runs]
    if others := measured_on_others(runs):
        first, other = others[0]
        notes.append(
            f"{len(others)} trial(s) were measured on other images than the rest, such as "
            f"{other.name} and {first.name}: their mIoU cannot be compared."
        )
    if len(sweep.config.seeds) == 1:
        notes.append("One seed each: differences may be chance.")
    return tuple(notes)
