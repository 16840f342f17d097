"""Folders and files of a sweep."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from raysal.experiment.layout import FINISHED_FILE, RunLayout
from raysal.experiment.record import Record, read_records
from raysal.storage.document import Document
from raysal.storage.lock import FILE as LOCK

if TYPE_CHECKING:  # Importing it would load pyarrow, which settings are read without.
    from raysal.experiment.outcome import Outcome


@dataclass(frozen=True)
class SweepLayout:
    """`<output>/<name>` of a sweep."""

    root: Path

    @property
    def definition(self) -> Path:
        """The settings of the sweep, and the fingerprint of every trial."""
        return self.root / "sweep.yaml"

    @property
    def trials(self) -> Path:
        """Run folders of all trials."""
        return self.root / "trials"

    def trial(self, name: str) -> RunLayout:
        """Run folder of one trial."""
        return RunLayout(self.trials / name)

    @property
    def report(self) -> Path:
        """Figures, tables and a page."""
        return self.root / "report"

    @property
    def judgements(self) -> Path:
        """Decisions of ASHA, one per line."""
        return self.root / "asha.jsonl"

    @property
    def tune(self) -> Path:
        """Ray Tune's own records while a sweep runs."""
        return self.root / ".tune"

    @property
    def results(self) -> Path:
        """One row per trial."""
        return self.root / "results.parquet"

    @property
    def curves(self) -> Path:
        """One row per round of each trial."""
        return self.root / "curves.parquet"


class Finished(Document):
    """`finished.json` in the folder of a trial: no round is left to run.

    Attributes:
        rounds: number of rounds.
        stop: why the experiment ended before its last round; None if it did not.
    """

    file: ClassVar[str] = FINISHED_FILE
    remedy: ClassVar[str] = "remove it and run the sweep again"

    rounds: int
    stop: str | None


def failure_file(trial: Path) -> Path:
    """Traceback of a trial's last failure."""
    return trial / "failure.txt"


def remove_trial(trial: RunLayout) -> None:
    """Remove the folder of a trial without a finished stage; files of the user stay in it.

    Raises:
        RunError: a folder to be removed holds files that raysal did not make.
    """
    from raysal.experiment.own_files import remove_empty, remove_unfinished  # Loads pyarrow.

    remove_unfinished(trial)
    root = trial.root
    files = (trial.config, trial.environment, trial.data_identity, failure_file(root), root / LOCK)
    for file in (*files, *trial.kept_configs()):
        file.unlink(missing_ok=True)
    remove_empty([trial.configs, root])


def records_of(trial: Path) -> list[Record]:
    """The records of a trial, in order.

    Raises:
        DataError: one is damaged, or of another version.
    """
    return read_records(RunLayout(trial))


def mark_finished(trial: Path, outcome: Outcome) -> None:
    """Note that no round is left to run, even if the experiment ended before its last round."""
    stop = None if outcome.stop is None else outcome.stop.reason
    Finished(rounds=len(outcome.records), stop=stop).write(trial)


def is_finished(trial: Path) -> bool:
    """Whether no round is left to run.

    Raises:
        DataError: `finished.json` is damaged, or of another version.
    """
    if not (trial / Finished.file).exists():
        return False
    Finished.read(trial)
    return True
