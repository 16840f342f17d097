"""How much of the pool carries labels, and of which classes: annotators' and extended apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from raysal.data.pool.layout import MANIFEST
from raysal.data.pool.reader import Pool
from raysal.report.draw.table import Table
from raysal.report.regions.extension import Checked
from raysal.report.runs.read import RunData
from raysal.report.runs.series import Series, Spread, spread

Checks = Mapping[tuple[str, int], Checked]
"""By run and round of the model that was trained on the extended labels."""


@dataclass(frozen=True)
class CoverageRow:
    """What the model of one round was trained on, over the runs of a series; all in percent.

    Attributes:
        annotators: of the pool's pixels, those with a class from an annotator; None if the size
            of the pool is not known.
        extended: those with an extended one; None without extension.
        right: of the extended pixels, the right ones.
    """

    round: int
    annotators: Spread | None
    extended: Spread | None
    right: Spread | None


@dataclass(frozen=True)
class ClassRow:
    """One class among the labels of a round, over the runs of a series; all in percent.

    Attributes:
        annotators: share among the annotators' pixels, `extended`: among the extended ones.
        right: of the pixels to which extension gave this class, the right ones.
    """

    name: str
    annotators: float
    extended: float | None
    right: float | None


def pool_pixels(run: RunData) -> int | None:
    """Pixels of all images of the pool at the working size; None if that is not known.

    Raises:
        PoolError: a damaged pool.
    """
    size = (run.section("data") or {}).get("size")
    pool = run.layout.pool
    if not (isinstance(size, list) and len(size) == 2) or not (pool / MANIFEST).is_file():
        return None
    return Pool.open(str(pool)).images * int(size[0]) * int(size[1])


def coverage(one: Series, pools: Mapping[str, int | None], checks: Checks) -> list[CoverageRow]:
    """Every recorded round of a series; `pools` holds `pool_pixels` by name of the run."""
    rows = []
    for index in one.indices:
        annotators, extended, right = [], [], []
        for run in one.runs:
            data = run.round(index)
            if data is None:
                continue
            whole, check = pools[run.name], checks.get((run.name, index))
            annotators.append(_percent(sum(data.record.class_pixels), whole))
            if data.record.extended_pixels is not None:
                extended.append(_percent(sum(data.record.extended_pixels), whole))
            right.append(None if check is None else check.percent)
        rows.append(CoverageRow(index, spread(annotators), spread(extended), spread(right)))
    return rows


def class_rows(one: Series, index: int, checks: Checks) -> list[ClassRow]:
    """Every class at one round; means over runs of their shares, as in the class balance."""
    runs = [(run, data) for run in one.runs if (data := run.round(index)) is not None]
    rows = []
    for c, name in enumerate(one.runs[0].class_names):
        annotators = [_share(data.record.class_pixels, c) or 0.0 for _, data in runs]
        extended = [
            _share(pixels, c)
            for pixels in (data.record.extended_pixels for _, data in runs)
            if pixels is not None
        ]
        known = [checks[run.name, index] for run, _ in runs if (run.name, index) in checks]
        right = [check.class_percent(c) for check in known]
        rows.append(
            ClassRow(name, sum(annotators) / len(annotators), _mean(extended), _mean(right))
        )
    return rows


def coverage_table(
    series: Sequence[Series], pools: Mapping[str, int | None], checks: Checks
) -> Table:
    """Every recorded round of every run: pixels and percent of the pool, and what is right."""
    columns = (
        "strategy", "run", "seed", "round", "pool_pixels", "annotator_pixels",
        "annotator_percent", "extended_pixels", "extended_percent", "extended_precision",
        "images_checked", "images_extended",
    )  # fmt: skip
    rows = []
    for one in series:
        for run in one.runs:
            whole = pools[run.name]
            for data in run.rounds:
                check = checks.get((run.name, data.index))
                record = data.record
                given = sum(record.class_pixels)
                added = None if record.extended_pixels is None else sum(record.extended_pixels)
                rows.append((
                    one.label, run.name, run.seed, data.index, whole, given,
                    _percent(given, whole), added, _percent(added, whole),
                    *((None, None, None) if check is None
                      else (check.percent, check.images, check.of)),
                ))  # fmt: skip
    return Table(columns, tuple(rows))


def label_classes_table(series: Sequence[Series], checks: Checks) -> Table:
    """Every class in every recorded round of every run."""
    columns = (
        "strategy", "run", "seed", "round", "class", "annotator_pixels", "annotator_share",
        "extended_pixels", "extended_share", "extended_precision",
    )  # fmt: skip
    rows = []
    for one in series:
        for run in one.runs:
            for data in run.rounds:
                check = checks.get((run.name, data.index))
                given, added = data.record.class_pixels, data.record.extended_pixels
                for c, name in enumerate(run.class_names):
                    rows.append((
                        one.label, run.name, run.seed, data.index, name, given[c],
                        _share(given, c), None if added is None else added[c],
                        None if added is None else _share(added, c),
                        None if check is None else check.class_percent(c),
                    ))  # fmt: skip
    return Table(columns, tuple(rows))


def _share(pixels: Sequence[int], c: int) -> float | None:
    return _percent(pixels[c], sum(pixels))


def _percent(part: int | None, whole: int | None) -> float | None:
    return 100 * part / whole if part is not None and whole else None


def _mean(values: Sequence[float | None]) -> float | None:
    found = spread(values)
    return None if found is None else found.mean
