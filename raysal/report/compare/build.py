"""`raysal compare`: a folder with the comparison of some runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from raysal import __version__
from raysal.report.compare.by import CompareBy
from raysal.report.compare.collect import collect
from raysal.report.compare.comparison import Comparison, compare
from raysal.report.compare.section import compare_section
from raysal.report.cost_unit import CostUnit
from raysal.report.draw.html import Picture, template
from raysal.report.out_folder import check_out, write_files
from raysal.report.runs.measured_on import measured_on
from raysal.report.runs.qbc import better_of_measures
from raysal.report.runs.read import read_runs
from raysal.report.runs.series import group
from raysal.report.summary.curve import missing_curve
from raysal.report.summary.curve_figure import curve_figure


@dataclass(frozen=True)
class Compared:
    """What was found and written."""

    comparison: Comparison
    page: Path
    written: tuple[Path, ...]
    notes: tuple[str, ...]


def build_comparison(
    folders: Sequence[Path],
    out: Path,
    *,
    unit: CostUnit = CostUnit.images,
    by: CompareBy = CompareBy.auc,
    against: str | None = None,
    qbc: bool = False,
) -> Compared:
    """Compare runs, and write tables, a figure and a page.

    Args:
        folders: runs, folders of runs, and sweeps.
        out: folder to write into, as of `build_report`.
        unit, by, against: see `compare`.
        qbc: see `better_of_measures`.

    Raises:
        RunError: the runs cannot be compared, none is measured, or `out` holds files of others.
        DataError: damaged files in a run.
        OSError: no space, no permission.
    """
    check_out(out)
    paths, notes = collect(folders)
    runs = read_runs(paths)
    every = group(runs)
    if qbc:
        joined = better_of_measures(every)
        every = joined.series
        notes += joined.notes
    series = [one for one in every if not one.full]
    if series and len(series) < len(every):
        notes.append("Left out: runs on all images at once, which are of no strategy.")
    found = compare(series, unit, by, against)
    section = compare_section(found)
    curve = curve_figure(series, unit) if missing_curve(series) is None else None
    page = template("comparison.html.j2").render(
        **section.values(),
        version=__version__,
        title=f"Comparison of {len(found.labels)} strategies",
        runs=runs,
        measured_on=measured_on(runs),
        notes=notes,
        x=unit,
        curve=None
        if curve is None
        else Picture(curve, f"mIoU in percent against {unit.words}, one line per strategy"),
    )
    files = {**section.files, "compare.html": page.encode()}
    if curve is not None:
        files["curve.png"] = curve
    return Compared(found, out / "compare.html", write_files(out, files), tuple(notes))
