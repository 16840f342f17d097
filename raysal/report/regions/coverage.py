"""How much of the pool is labelled, and with which classes: by annotators, and by extension."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from raysal.data.pool.layout import MANIFEST
from raysal.data.pool.pool import Pool
from raysal.experiment.query import by_image, read_query
from raysal.report.draw.table import Table
from raysal.report.regions.extension import Checked
from raysal.report.runs.read import RunData
from raysal.report.runs.series import Series, Spread, spread

Checks = Mapping[tuple[str, int], Checked]
"""Checks of extended labels, by run and by round of the model that was trained on them."""


@dataclass(frozen=True)
class CoverageRow:
    """The labels that the model of one round was trained on, over runs; all in percent.

    Attributes:
        annotators: share of the pool's pixels that annotators labelled; None if the size of the
            pool is not known.
        extended: share of the pool's pixels with an extended label; None without extension.
        right: share of the extended pixels that are right.
    """

    round: int
    annotators: Spread | None
    extended: Spread | None
    right: Spread | None


@dataclass(frozen=True)
class ClassRow:
    """One class among the labels of a round, over runs; all in percent.

    Attributes:
        annotators: share of the class among the pixels that annotators labelled.
        extended: share of the class among the extended pixels.
        right: share of the pixels extended with this class that are right.
        refused: share of the pixels to be extended with this class that are not, because annotators
            have refused it; None if they have refused nothing.
    """

    name: str
    annotators: float
    extended: float | None
    right: float | None
    refused: float | None = None


def pool_pixels(run: RunData) -> int | None:
    """Number of pixels of the pool at the working size; None if it is not known.

    Images drawn by lot to measure on are not counted: they are never queried.

    Raises:
        PoolError, DataError: the pool, or the list of these images, is damaged.
    """
    size = (run.section("data") or {}).get("size")
    pool = run.layout.pool
    if not (isinstance(size, list) and len(size) == 2) or not (pool / MANIFEST).is_file():
        return None
    candidates = Pool.open(str(pool)).images - drawn_to_measure(run)
    return candidates * int(size[0]) * int(size[1])


def drawn_to_measure(run: RunData) -> int:
    """Number of images that were drawn by lot to measure on.

    Raises:
        DataError: their list is damaged.
    """
    drawn = (here for here in (run.layout.test, run.layout.val) if here.query_file.exists())
    return sum(len(by_image(read_query(here.query))) for here in drawn)


def coverage(one: Series, pools: Mapping[str, int | None], checks: Checks) -> list[CoverageRow]:
    """One row per recorded round of a series; `pools` is `pool_pixels` by name of the run."""
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
    """One row per class at a round; shares are means over runs, as in the class balance."""
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
        refused = [
            _percent(dropped[c], dropped[c] + pixels[c])
            for run, data in runs
            if (dropped := refused_pixels(run, index)) is not None
            and (pixels := data.record.extended_pixels) is not None
        ]
        given = sum(annotators) / len(annotators)
        rows.append(ClassRow(name, given, _mean(extended), _mean(right), _mean(refused)))
    return rows


def refused_pixels(run: RunData, index: int) -> tuple[int, ...] | None:
    """(C,) pixels that were not extended for the model of a round, because annotators have refused
    it; None if they have refused nothing."""
    before = run.round(index - 1)
    extension = None if before is None else before.record.extension
    return None if extension is None else extension.refused


def coverage_table(
    series: Sequence[Series], pools: Mapping[str, int | None], checks: Checks
) -> Table:
    """One row per round and run: labelled pixels, their percent of the pool, and precision."""
    columns = (
        "strategy",
        "run",
        "seed",
        "round",
        "pool_pixels",
        "annotator_pixels",
        "annotator_percent",
        "extended_pixels",
        "extended_percent",
        "extended_precision",
        "images_checked",
        "images_extended",
    )
    rows = []
    for one in series:
        for run in one.runs:
            whole = pools[run.name]
            for data in run.rounds:
                check = checks.get((run.name, data.index))
                extended = data.record.extended_pixels
                given = sum(data.record.class_pixels)
                added = None if extended is None else sum(extended)
                pixels = (whole, given, _percent(given, whole), added, _percent(added, whole))
                checked = (None,) * 3 if check is None else (check.percent, check.images, check.of)
                rows.append((one.label, run.name, run.seed, data.index, *pixels, *checked))
    return Table(columns, tuple(rows))


def label_classes_table(series: Sequence[Series], checks: Checks) -> Table:
    """One row per class, round and run."""
    columns = (
        "strategy",
        "run",
        "seed",
        "round",
        "class",
        "annotator_pixels",
        "annotator_share",
        "extended_pixels",
        "extended_share",
        "extended_precision",
        "refused_pixels",
    )
    rows = []
    for one in series:
        for run in one.runs:
            for data in run.rounds:
                check = checks.get((run.name, data.index))
                given, added = data.record.class_pixels, data.record.extended_pixels
                for c, name in enumerate(run.class_names):
                    extended = (None, None) if added is None else (added[c], _share(added, c))
                    right = None if check is None else check.class_percent(c)
                    where = (one.label, run.name, run.seed, data.index, name)
                    refused = refused_pixels(run, data.index)
                    not_added = None if added is None else 0 if refused is None else refused[c]
                    cells = (given[c], _share(given, c), *extended, right, not_added)
                    rows.append((*where, *cells))
    return Table(columns, tuple(rows))


def _share(pixels: Sequence[int], c: int) -> float | None:
    return _percent(pixels[c], sum(pixels))


def _percent(part: int | None, whole: int | None) -> float | None:
    return 100 * part / whole if part is not None and whole else None


def _mean(values: Sequence[float | None]) -> float | None:
    found = spread(values)
    return None if found is None else found.mean
