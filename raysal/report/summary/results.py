"""Tables of results: mIoU and IoU per class at the last round that all runs have."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from raysal.report.draw.table import Cell, Table
from raysal.report.runs.series import Series, Spread, spread
from raysal.report.summary.effort import UNITS

# Papers give no limit. With 2 %, poles, signs, fences, people and bicycles are rare in street
# scenes; roads, buildings and cars are not.
RARE_PERCENT = 2.0


@dataclass(frozen=True)
class SummaryRow:
    """One series from the first to the last round that all runs have; mIoU in percent.

    Attributes:
        rounds: number of rounds that all runs have.
        measured_first, measured_last: whether any run was measured in that round; without, there
            is no mIoU. If it was, and the mIoU is None, no class has a defined IoU.
        miou_std: sample standard deviation of `miou_last` over the runs; None for one run.
    """

    strategy: str
    runs: int
    rounds: int
    images_first: float
    images_last: float
    measured_first: bool
    measured_last: bool
    miou_first: float | None
    miou_last: float | None
    miou_std: float | None


@dataclass(frozen=True)
class ClassRow:
    """IoU in percent of one class per series, mean over its runs; None where undefined.

    Attributes:
        share: percent of the ground-truth pixels of the evaluated split; None if that has none.
        first: at the first round that all runs have, per series.
        last: at the last one.
    """

    name: str
    share: float | None
    first: tuple[Spread | None, ...]
    last: tuple[Spread | None, ...]

    @property
    def rare(self) -> bool:
        """Whether the class has some but few pixels in the split."""
        return self.share is not None and 0 < self.share < RARE_PERCENT


def summary(series: Sequence[Series], common: Sequence[int]) -> tuple[SummaryRow, ...]:
    """One row per series, in the same order."""
    return tuple(_summary_row(one, common) for one in series)


def class_rows(series: Sequence[Series], common: Sequence[int]) -> tuple[ClassRow, ...]:
    """One row per class, in the order of the data set."""
    pixels = _truth_pixels(series, common)
    total = sum(pixels)
    return tuple(
        ClassRow(
            name=name,
            share=100 * pixels[c] / total if total else None,
            first=tuple(_class_iou(one, common[0], c) for one in series),
            last=tuple(_class_iou(one, common[-1], c) for one in series),
        )
        for c, name in enumerate(series[0].runs[0].class_names)
    )


def iou_table(series: Sequence[Series], common: Sequence[int]) -> Table:
    """Share and IoU of every class at the last common round, in percent; the last row is mIoU.

    The column of a series is the mean over its runs.
    """
    rows: list[tuple[Cell, ...]] = [
        (row.name, row.share, *(None if iou is None else iou.mean for iou in row.last))
        for row in class_rows(series, common)
    ]
    rows.append(("mIoU", None, *(row.miou_last for row in summary(series, common))))
    return Table(("class", "share", *(one.label for one in series)), tuple(rows))


def rounds_table(series: Sequence[Series]) -> Table:
    """Every recorded round of every run: the cost of its labels, and its results in percent.

    `measured_on` is the number of images that it was measured on; 0 if it was not measured. If it
    was, and `miou` is empty, no class has a defined IoU.
    """
    columns = ("strategy", "run", "seed", "round", *UNITS, "measured_on", "miou", "pixel_accuracy")
    rows = []
    for one in series:
        for run in one.runs:
            for data in run.rounds:
                scores = (_percent(data.metrics.miou), _percent(data.metrics.pixel_accuracy))
                cost = (data.cost.get(unit) for unit in UNITS)
                on = data.metrics.images if data.measured else 0
                rows.append((one.label, run.name, run.seed, data.index, *cost, on, *scores))
    return Table(columns, tuple(rows))


def _summary_row(one: Series, common: Sequence[int]) -> SummaryRow:
    first, last = one.at(common[0]), one.at(common[-1])
    miou_first = spread(_percent(data.metrics.miou) for data in first)
    miou_last = spread(_percent(data.metrics.miou) for data in last)
    return SummaryRow(
        strategy=one.label,
        runs=len(one.runs),
        rounds=len(common),
        images_first=sum(data.images for data in first) / len(first),
        images_last=sum(data.images for data in last) / len(last),
        measured_first=any(data.measured for data in first),
        measured_last=any(data.measured for data in last),
        miou_first=None if miou_first is None else miou_first.mean,
        miou_last=None if miou_last is None else miou_last.mean,
        miou_std=None if miou_last is None else miou_last.std,
    )


def _truth_pixels(series: Sequence[Series], common: Sequence[int]) -> tuple[int, ...]:
    """(C,) ground-truth pixels of what runs were measured on, in the last common round if any was
    measured in it; zeros if none was measured."""
    runs = [run for one in series for run in one.runs]
    last = [data for one in series for data in one.at(common[-1]) if data.measured]
    measured = [*last, *(data for run in runs if (data := run.first_measured) is not None)]
    return measured[0].truth_pixels if measured else (0,) * len(runs[0].class_names)


def _class_iou(one: Series, index: int, c: int) -> Spread | None:
    return spread(_percent(data.metrics.iou[c]) for data in one.at(index))


def _percent(share: float | None) -> float | None:
    return None if share is None else 100 * share
