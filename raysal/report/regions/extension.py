"""Precision of extended labels: as estimated by calibration, and measured on the ground truth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from raysal.data.decode import IGNORE
from raysal.data.labels import labelled_ids, read_labels
from raysal.errors import DataError
from raysal.report.draw.table import Table
from raysal.report.regions.classes import class_pixels
from raysal.report.runs.read import RoundData, RunData
from raysal.report.runs.series import Series
from raysal.report.runs.truth import Truths, sample


@dataclass(frozen=True)
class Checked:
    """Extended pixels with known ground truth, by the class that they were extended with.

    Attributes:
        pixels: (C,) number of them.
        right: (C,) number of those whose class is right.
        images: number of images checked.
        of: number of images with extended labels.
    """

    pixels: tuple[int, ...]
    right: tuple[int, ...]
    images: int
    of: int

    @property
    def percent(self) -> float | None:
        """Percent of all pixels that are right; None if there are no pixels."""
        return _percent(sum(self.right), sum(self.pixels))

    def class_percent(self, c: int) -> float | None:
        """The same for the pixels extended with class `c`."""
        return _percent(self.right[c], self.pixels[c])


@dataclass(frozen=True)
class CalibrationRow:
    """What the calibration of one round chose; shares are in percent.

    Attributes:
        images: number of images that it was calibrated on.
        extends: whether labels were extended; false if no thresholds reached `wanted`.
        beta: a threshold, as `tau_conf` and `tau_sim`; None if nothing was extended.
        wanted: minimum precision of the configuration; None without calibration.
        precision: estimated by the calibration, with its standard `error`.
        coverage: share of the pixels that would be extended.
        measured: share of the pixels then extended that are right; None if not known.
        refused: number of pixels that were not extended because annotators have refused it.
        against: labels that the precision was measured against; None if that is not recorded.
    """

    label: str
    run: str
    seed: int
    round: int
    images: int
    extends: bool
    beta: float | None
    tau_conf: float | None
    tau_sim: float | None
    wanted: float | None
    precision: float | None
    error: float | None
    coverage: float | None
    measured: float | None
    refused: int = 0
    against: str | None = None


def checked(run: RunData, data: RoundData, truths: Truths) -> Checked | None:
    """Check the extended labels that the model of a round was trained on; None without any.

    Raises:
        DataError: the labels are damaged, or do not have the size of the data set.
    """
    folders = run.layout.extended(data.index)
    if not folders or truths.missing(run) is not None:
        return None
    classes = len(run.class_names)
    pixels, right = np.zeros(classes, np.int64), np.zeros(classes, np.int64)
    ids = labelled_ids(folders[0])
    images = 0
    for labelled in read_labels(folders[0], set(sample(ids))):
        truth = truths.label(run, labelled.image_id)
        if truth is None:
            continue
        if truth.shape != labelled.label.shape:
            raise DataError(
                f"{folders[0]}: the label map of '{labelled.image_id}' does not have the size of "
                "the data set; restore the data set that the run was made with"
            )
        images += 1
        said = np.where(truth == IGNORE, np.uint8(IGNORE), labelled.label)
        pixels += class_pixels(said, classes)
        right += class_pixels(said[said == truth], classes)
    return Checked(tuple(pixels.tolist()), tuple(right.tolist()), images, len(ids))


def calibration_rows(
    series: Sequence[Series], checks: Mapping[tuple[str, int], Checked]
) -> list[CalibrationRow]:
    """One row per round and run in which labels were to be extended after the query.

    Args:
        checks: by run and by round of the model that was trained on the extended labels.
    """
    rows = []
    for one in series:
        for run in one.runs:
            for data in run.rounds:
                found = data.record.extension
                if found is None:
                    continue
                wanted = (run.section_at(data, "cle") or {}).get("precision")
                chosen = found.thresholds
                check = checks.get((run.name, data.index + 1))
                calibrated = found.precision is not None
                rows.append(
                    CalibrationRow(
                        label=one.label,
                        run=run.name,
                        seed=run.seed,
                        round=data.index,
                        images=found.images,
                        extends=chosen is not None,
                        beta=None if chosen is None else chosen.beta,
                        tau_conf=None if chosen is None else chosen.tau_conf,
                        tau_sim=None if chosen is None else chosen.tau_sim,
                        wanted=100 * wanted if calibrated and wanted is not None else None,
                        precision=_times_100(found.precision),
                        error=_times_100(found.error),
                        coverage=_times_100(found.coverage),
                        measured=None if check is None else check.percent,
                        refused=sum(found.refused or ()),
                        against=found.against,
                    )
                )
    return rows


def calibration_table(rows: Sequence[CalibrationRow]) -> Table:
    """The same rows as a table."""
    columns = (
        "strategy",
        "run",
        "seed",
        "round",
        "images",
        "extends",
        "beta",
        "tau_conf",
        "tau_sim",
        "wanted_precision",
        "precision",
        "precision_error",
        "coverage",
        "measured_precision",
        "refused_pixels",
        "against",
    )
    cells = [
        (
            row.label,
            row.run,
            row.seed,
            row.round,
            row.images,
            "yes" if row.extends else "no",
            row.beta,
            row.tau_conf,
            row.tau_sim,
            row.wanted,
            row.precision,
            row.error,
            row.coverage,
            row.measured,
            row.refused,
            row.against,
        )
        for row in rows
    ]
    return Table(columns, tuple(cells))


def _percent(part: int, whole: int) -> float | None:
    return 100 * part / whole if whole else None


def _times_100(share: float | None) -> float | None:
    return None if share is None else 100 * share
