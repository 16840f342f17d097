"""How good extended labels are: what calibration promised, and what the truth says."""

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
    """Extended pixels whose truth is known, by the class that extension gave them.

    Attributes:
        pixels: (C,) all of them, `right`: (C,) those that extension got right.
        images: images looked at.
        of: images with extended labels.
    """

    pixels: tuple[int, ...]
    right: tuple[int, ...]
    images: int
    of: int

    @property
    def percent(self) -> float | None:
        """Of all of them, the right ones; None if there are none."""
        return _percent(sum(self.right), sum(self.pixels))

    def class_percent(self, c: int) -> float | None:
        """The same of what was given class `c`."""
        return _percent(self.right[c], self.pixels[c])


@dataclass(frozen=True)
class CalibrationRow:
    """What one round's calibration chose; shares in percent, None where there is nothing.

    Attributes:
        extends: false if no thresholds reached `wanted`: then nothing was extended.
        measured: what of the pixels that were then extended is right.
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


def checked(run: RunData, data: RoundData, truths: Truths) -> Checked | None:
    """Of the extended labels that the model of a round was trained on; None if there are none.

    Raises:
        DataError: a damaged store, or one that does not fit the data set.
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
                f"{folders[0]}: the labels of '{labelled.image_id}' are of another size than the "
                "data set's; report with the data that the run was made on"
            )
        images += 1
        said = np.where(truth == IGNORE, np.uint8(IGNORE), labelled.label)
        pixels += class_pixels(said, classes)
        right += class_pixels(said[said == truth], classes)
    return Checked(tuple(pixels.tolist()), tuple(right.tolist()), images, len(ids))


def calibration_rows(
    series: Sequence[Series], checks: Mapping[tuple[str, int], Checked]
) -> list[CalibrationRow]:
    """Every round of every run after whose query labels were to be extended.

    Args:
        checks: by run and round of the model that was trained on the extended labels.
    """
    rows = []
    for one in series:
        for run in one.runs:
            wanted = (run.section("cle") or {}).get("precision")
            for data in run.rounds:
                found = data.record.extension
                if found is None:
                    continue
                chosen = found.thresholds
                check = checks.get((run.name, data.index + 1))
                calibrated = found.precision is not None
                rows.append(CalibrationRow(
                    label=one.label, run=run.name, seed=run.seed, round=data.index,
                    images=found.images, extends=chosen is not None,
                    beta=None if chosen is None else chosen.beta,
                    tau_conf=None if chosen is None else chosen.tau_conf,
                    tau_sim=None if chosen is None else chosen.tau_sim,
                    wanted=100 * wanted if calibrated and wanted is not None else None,
                    precision=_times_100(found.precision), error=_times_100(found.error),
                    coverage=_times_100(found.coverage),
                    measured=None if check is None else check.percent,
                ))  # fmt: skip
    return rows


def calibration_table(rows: Sequence[CalibrationRow]) -> Table:
    """One line per round and run."""
    columns = (
        "strategy", "run", "seed", "round", "images", "extends", "beta", "tau_conf", "tau_sim",
        "wanted_precision", "precision", "precision_error", "coverage", "measured_precision",
    )  # fmt: skip
    cells = [
        (row.label, row.run, row.seed, row.round, row.images, "yes" if row.extends else "no",
         row.beta, row.tau_conf, row.tau_sim, row.wanted, row.precision, row.error, row.coverage,
         row.measured)
        for row in rows
    ]  # fmt: skip
    return Table(columns, tuple(cells))


def _percent(part: int, whole: int) -> float | None:
    return 100 * part / whole if whole else None


def _times_100(share: float | None) -> float | None:
    return None if share is None else 100 * share
