"""The outcome of an experiment, and its summary for the user."""

from __future__ import annotations

from dataclasses import dataclass

from raysal.experiment.layout import RunLayout
from raysal.experiment.record import Record
from raysal.experiment.stop import Stop


@dataclass(frozen=True)
class Outcome:
    """A finished experiment.

    Attributes:
        records: one per round, in order.
        stop: None if all rounds were completed.
    """

    layout: RunLayout
    records: list[Record]
    stop: Stop | None


def summary_line(record: Record) -> str:
    """The result of a round in one line."""
    miou = "undefined" if record.miou is None else f"{100 * record.miou:.2f}"
    seconds = sum(record.timings_s.values())
    return (
        f"round {record.round}: {record.labelled.images:.4g} images labelled, "
        f"mIoU {miou}  ({seconds:.0f} s)"
    )
