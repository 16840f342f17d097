"""Which of several runs have something to show yet."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from raysal.errors import RunError
from raysal.experiment.layout import RunLayout

NAMES_SHOWN = 5


def check_there(folders: Sequence[Path]) -> None:
    """Check that folders exist; unlike reading them, it imports nothing slow.

    Raises:
        RunError: one does not.
    """
    for folder in folders:
        if not folder.is_dir():
            raise RunError(f"no folder at {folder}; give a run folder such as runs/<name>")


def is_measured(run: Path) -> bool:
    """Whether a round of the run has a model that was measured, or could have been."""
    layout = RunLayout(run)
    return bool(layout.recorded_rounds()) or layout.round_in_progress() is not None


def measured_runs(runs: Sequence[Path]) -> tuple[list[Path], list[str]]:
    """The runs without those that have only begun, such as the next trial of a sweep, and a note.

    All are kept if none has a measured round, and so are folders that are no runs: reading them
    says what is wrong.
    """
    begun = [run for run in runs if _is_run(run) and not is_measured(run)]
    kept = [run for run in runs if run not in begun]
    return (kept, left_out(begun)) if kept else (list(runs), [])


def left_out(runs: Sequence[Path]) -> list[str]:
    """A note on runs without a measured round; empty for none."""
    if not runs:
        return []
    names = ", ".join(run.name for run in runs[:NAMES_SHOWN])
    more = " …" if len(runs) > NAMES_SHOWN else ""
    return [f"Left out, because no round is measured yet: {names}{more}."]


def _is_run(folder: Path) -> bool:
    layout = RunLayout(folder)
    return layout.rounds.is_dir() or layout.initial.query.is_dir()
