"""The outcome of an experiment, and its summary for the user."""

from __future__ import annotations

from dataclasses import dataclass

from raysal.experiment.layout import RoundLayout, RunLayout
from raysal.experiment.metrics import Metrics
from raysal.experiment.pending import Pending
from raysal.experiment.record import Record
from raysal.experiment.stop import Stop


@dataclass(frozen=True)
class Outcome:
    """A finished experiment.

    Attributes:
        records: one per round, in order.
        stop: None if all rounds were completed.
        waits_for: queries that people have to answer first; empty if it does not wait.
    """

    layout: RunLayout
    records: list[Record]
    stop: Stop | None
    waits_for: tuple[Pending, ...] = ()


def measured_line(here: RoundLayout) -> str:
    """How good the model of a round is, whose query is not answered yet.

    Raises:
        DataError: its metrics are missing or damaged.
    """
    metrics = Metrics.read(here.metrics)
    what = "not measured"
    if metrics.split is not None:
        miou = "undefined" if metrics.miou is None else f"{100 * metrics.miou:.2f}"
        what = f"mIoU {miou} on {metrics.images} {metrics.split} images"
    return f"round {int(here.folder.name)}: trained, {what}; its query is out"


def summary_line(record: Record) -> str:
    """The result of a round in one line."""
    miou = "mIoU undefined" if record.miou is None else f"mIoU {100 * record.miou:.2f}"
    seconds = sum(record.timings_s.values())
    return (
        f"round {record.round}: {record.labelled.images:.4g} images labelled, "
        f"{miou if record.measured else 'not measured'}  ({seconds:.0f} s)"
    )
