"""The runs that are meant by folders of runs and sweeps."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from raysal.errors import RunError
from raysal.experiment.layout import RunLayout
from raysal.report.runs.measured import is_measured, left_out, measured_runs
from raysal.sweep.layout import SweepLayout


def collect(folders: Sequence[Path]) -> tuple[list[Path], list[str]]:
    """The run folders, and a note on runs without a measured round that were left out.

    Args:
        folders: runs; sweeps; and folders that contain runs.

    Raises:
        RunError: a sweep or a folder of runs has none with a measured round.
    """
    found: list[Path] = []
    begun: list[Path] = []
    for folder in folders:
        inside = _runs_inside(folder)
        if inside is None:
            found.append(folder)
            continue
        measured = [run for run in inside if is_measured(run)]
        if not measured:
            raise RunError(f"no run in {folder} has a measured round yet; finish some, and repeat")
        found += measured
        begun += [run for run in inside if run not in measured]
    runs, notes = measured_runs(found)
    return runs, [*notes, *left_out(begun)]


def _runs_inside(folder: Path) -> list[Path] | None:
    """The runs of a sweep or folder of runs, in order of their names; None for other folders."""
    layout = RunLayout(folder)
    if not folder.is_dir() or layout.rounds.is_dir() or layout.initial.query.is_dir():
        return None
    sweep = SweepLayout(folder)
    place = sweep.trials if sweep.definition.exists() else folder
    runs = [run for run in sorted(place.glob("*")) if (run / layout.rounds.name).is_dir()]
    return runs if runs or sweep.definition.exists() else None
