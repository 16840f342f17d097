"""Tables of results: mIoU and IoU per class."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from raysal.report.draw.table import Cell, Table
from raysal.report.runs.series import Series, Spread, spread
from raysal.report.summary.effort import UNITS

# Papers give no limit. With 2 %, poles, signs, fences, people and bicycles are rare in street
# scenes; roads, buildings and cars are not.
RARE_PERCENT = 2.0
# Of two values, the second best is the worse one.
MARK_SECOND_FROM = 3


@dataclass(frozen=True)
class SummaryRow:
    """One series from its first round to its last (`Series.last`); mIoU in percent.

    Attributes:
        rounds: number of rounds from the first to the last.
        runs_last: number of runs that have recorded the last one.
        measured_first, measured_last: whether any run was measured in that round; without, there
            is no mIoU. If it was, and the mIoU is None, no class has a defined IoU.
        miou_std: sample standard deviation of `miou_last` over the runs; None for one run.
    """

    strategy: str
    runs: int
    runs_last: int
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
    """IoU in percent of one class, mean over the runs of a series; None where undefined.

    Attributes:
        share: percent of the ground-truth pixels of the evaluated split; None if that has none.
        iou: one per column of the table.
    """

    name: str
    share: float | None
    iou: tuple[Spread | None, ...]

    @property
    def rare(self) -> bool:
        """Whether the class has some but few pixels in the split."""
        return self.share is not None and 0 < self.share < RARE_PERCENT


@dataclass(frozen=True)
class ClassTable:
    """IoU of every class, one column for each series and round given.

    Attributes:
        columns: series and round of each column.
        miou: per column, in percent; None without one.
        comparable: whether all columns are of the same round, so that the best may be marked.
    """

    columns: tuple[tuple[Series, int], ...]
    rows: tuple[ClassRow, ...]
    miou: tuple[Spread | None, ...]
    comparable: bool

    @property
    def measured(self) -> tuple[bool, ...]:
        """Whether any run of a column was measured in its round."""
        return tuple(any(d.measured for d in one.at(index)) for one, index in self.columns)

    @property
    def images(self) -> tuple[float, ...]:
        """Labelled images of each column, mean over the runs."""
        return tuple(_mean([d.images for d in one.at(index)]) for one, index in self.columns)

    def marks(self, values: Sequence[Spread | None]) -> tuple[str, ...]:
        """`best`, `second` (of at least three) or nothing for each value of a row, as printed:
        what is equal in print is marked alike, and not at all if all are. A second best of 0 is
        not marked, and what was trained on all images is not ranked."""
        shown = [
            None if value is None or one.full else round(value.mean, 1)
            for (one, _), value in zip(self.columns, values, strict=True)
        ]
        known = [value for value in shown if value is not None]
        ranked = sorted(set(known), reverse=True)
        if not self.comparable or len(known) < 2 or len(ranked) == 1:
            return ("",) * len(shown)
        names = {ranked[0]: "best"}
        # With two equal best ones there is no second best.
        enough = len(known) >= MARK_SECOND_FROM and ranked[1] > 0
        if enough and known.count(ranked[0]) == 1:
            names[ranked[1]] = "second"
        return tuple("" if value is None else names.get(value, "") for value in shown)


def summary(series: Sequence[Series]) -> tuple[SummaryRow, ...]:
    """One row per series, in the same order."""
    return tuple(map(_summary_row, series))


def class_table(columns: Sequence[tuple[Series, int]]) -> ClassTable:
    """IoU of every class, in the order of the data set.

    Args:
        columns: series and round of each.
    """
    pixels = _truth_pixels(columns)
    total = sum(pixels)
    names = columns[0][0].runs[0].class_names
    return ClassTable(
        tuple(columns),
        tuple(
            ClassRow(
                name,
                100 * pixels[c] / total if total else None,
                tuple(_class_iou(one, index, c) for one, index in columns),
            )
            for c, name in enumerate(names)
        ),
        tuple(_miou(one, index) for one, index in columns),
        len({index for one, index in columns if not one.full}) <= 1,
    )


def iou_table(table: ClassTable) -> Table:
    """Share and IoU of every class in percent; the last row is mIoU.

    The column of a series is the mean over its runs. If columns are of different rounds, the first
    rows say of which, and how many images were labelled.
    """
    rows: list[tuple[Cell, ...]] = []
    if not table.comparable:
        rows.append(("round", None, *(index for _, index in table.columns)))
        rows.append(("images", None, *table.images))
    rows += [(row.name, row.share, *map(_mean_of, row.iou)) for row in table.rows]
    rows.append(("mIoU", None, *map(_mean_of, table.miou)))
    return Table(("class", "share", *(one.label for one, _ in table.columns)), tuple(rows))


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


def _summary_row(one: Series) -> SummaryRow:
    begin = one.indices[0]
    first, last = one.at(begin), one.at(one.last)
    miou_first, miou_last = _miou(one, begin), _miou(one, one.last)
    return SummaryRow(
        strategy=one.label,
        runs=len(one.runs),
        runs_last=len(last),
        rounds=len([index for index in one.indices if index <= one.last]),
        images_first=_mean([data.images for data in first]),
        images_last=_mean([data.images for data in last]),
        measured_first=any(data.measured for data in first),
        measured_last=any(data.measured for data in last),
        miou_first=_mean_of(miou_first),
        miou_last=_mean_of(miou_last),
        miou_std=None if miou_last is None else miou_last.std,
    )


def _truth_pixels(columns: Sequence[tuple[Series, int]]) -> tuple[int, ...]:
    """(C,) ground-truth pixels of what runs were measured on, in the rounds of the columns if any
    was measured in them; zeros if none was measured."""
    runs = [run for one, _ in columns for run in one.runs]
    shown = [data for one, index in columns for data in one.at(index) if data.measured]
    measured = [*shown, *(data for run in runs if (data := run.first_measured) is not None)]
    return measured[0].truth_pixels if measured else (0,) * len(runs[0].class_names)


def _class_iou(one: Series, index: int, c: int) -> Spread | None:
    return spread(_percent(data.metrics.iou[c]) for data in one.at(index))


def _miou(one: Series, index: int) -> Spread | None:
    return spread(_percent(data.metrics.miou) for data in one.at(index))


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _mean_of(value: Spread | None) -> float | None:
    return None if value is None else value.mean


def _percent(share: float | None) -> float | None:
    return None if share is None else 100 * share
