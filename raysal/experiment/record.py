"""The record of a round; the sequence of records is the ledger."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from raysal.experiment.cost import Cost
from raysal.storage.atomic import read_json, write_json

FILE = "record.json"
VERSION = 1


@dataclass(frozen=True)
class Record:
    """What a round did and came to.

    Attributes:
        strategy: display label.
        labelled: what its model was trained on; `queried`: what was asked for afterwards.
        class_pixels: annotators' pixels per class that its model was trained on;
            `extended_pixels`: extended ones, if any.
        extension: what the calibration of label extension found after the query.
        miou: on the test split, in [0, 1].
        bad_images: ids found unreadable while scoring; set aside in later rounds.
        timings_s: seconds per stage.
    """

    round: int
    name: str
    seed: int
    strategy: str
    fingerprint: str
    labelled: Cost
    queried: Cost | None
    class_pixels: list[int]
    miou: float | None
    bad_images: list[str] = field(default_factory=list)
    timings_s: dict[str, float] = field(default_factory=dict)
    extended_pixels: list[int] | None = None
    extension: dict[str, Any] | None = None

    def write(self, folder: Path) -> None:
        """Write `record.json`."""
        write_json(folder / FILE, {"version": VERSION, **asdict(self)})

    @classmethod
    def read(cls, folder: Path) -> Record:
        """The record in a finished `record` stage."""
        values = read_json(folder / FILE)
        assert values.pop("version") == VERSION, folder
        queried = values.pop("queried")
        return cls(
            labelled=Cost(**values.pop("labelled")),
            queried=None if queried is None else Cost(**queried),
            **values,
        )
