"""Where things lie in a run folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class RunPlace:
    """`runs/<name>`: pool, initial set, rounds, report."""

    root: Path

    @property
    def pool(self) -> Path:
        """The Parquet pool."""
        return self.root / "pool"

    @property
    def initial(self) -> Path:
        """The first labelled set: `query` and `labels`."""
        return self.root / "initial"

    @property
    def rounds(self) -> Path:
        """All rounds."""
        return self.root / "rounds"

    def round(self, index: int) -> Path:
        """The stages of one round: model, metrics, adversary, scores, regions, query, labels,
        extended, record; `regions` and `extended` where regions are asked for, `adversary` where
        the strategy reads one."""
        return self.rounds / f"{index:03d}"

    def extended(self, before_round: int) -> tuple[Path, ...]:
        """The extended labels that the model of a round is trained on: those of the round before
        alone, for they are made anew each time."""
        folder = self.round(before_round - 1) / "extended"
        return (folder,) if before_round > 0 and folder.exists() else ()

    def label_folders(self, before_round: int) -> tuple[Path, ...]:
        """All stores of annotators' labels that the model of a round is trained on."""
        answered = [self.round(index) / "labels" for index in range(before_round)]
        return (self.initial / "labels", *answered)

    def query_folders(self, before_round: int) -> tuple[Path, ...]:
        """The queries behind `label_folders`."""
        return tuple(folder.parent / "query" for folder in self.label_folders(before_round))
