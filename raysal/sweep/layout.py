"""Where things lie in a sweep's folder, and what stands there."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from raysal.experiment.layout import RunPlace
from raysal.experiment.record import Record
from raysal.storage.atomic import read_json, write_json

if TYPE_CHECKING:
    from raysal.experiment.run import Outcome


@dataclass(frozen=True)
class SweepPlace:
    """`<output>/<name>` of a sweep."""

    root: Path

    @property
    def definition(self) -> Path:
        """What is swept: the settings and the fingerprint of every trial."""
        return self.root / "sweep.yaml"

    @property
    def trials(self) -> Path:
        """A run folder for each trial."""
        return self.root / "trials"

    @property
    def judgements(self) -> Path:
        """What ASHA decided, line by line."""
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


def records_of(trial: Path) -> list[Record]:
    """The rounds that a run has recorded, in order."""
    place = RunPlace(trial)
    records: list[Record] = []
    while (folder := place.round(len(records)) / "record").exists():
        records.append(Record.read(folder))
    return records


def mark_finished(trial: Path, outcome: Outcome) -> None:
    """Note that nothing is left to do, also where the experiment ended before its last round."""
    reason = None if outcome.stop is None else outcome.stop.reason
    value = {"version": 1, "rounds": len(outcome.records), "stop": reason}
    write_json(trial / "finished.json", value)


def is_finished(trial: Path) -> bool:
    """Whether nothing is left to do."""
    path = trial / "finished.json"
    return path.exists() and read_json(path)["version"] == 1
