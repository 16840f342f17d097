"""`record.json`: the summary of one round; the sequence of records is the ledger of a run."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import Field

from raysal.experiment.cost import Cost
from raysal.experiment.layout import CALIBRATION_FILE, RECORD_FILE, RunLayout
from raysal.regions.extend_config import CalibrateOn, Thresholds
from raysal.storage.document import Document


class CalibrationResult(Document):
    """`calibration.json`: thresholds of label extension, and their precision; see `Calibration`.

    Attributes:
        thresholds: None if no choice reached the required precision; then nothing is extended.
        precision: share of correct pixels on `images` fully labelled images, in [0, 1]; None
            without calibration.
        error: standard error of `precision`.
        coverage: share of the unlabelled pixels that would be extended, in [0, 1].
        refused: (C,) pixels of each class that were not extended because annotators have refused
            it; None if there are none.
        against: labels that the precision was measured against, see `ExtendConfig.calibrate_on`;
            None without calibration, and in files of earlier versions.
    """

    file: ClassVar[str] = CALIBRATION_FILE

    thresholds: Thresholds | None
    precision: float | None
    error: float | None = None
    coverage: float | None
    images: int
    refused: tuple[int, ...] | None = None
    against: CalibrateOn | None = None


class Record(Document):
    """What one round was trained on, how good its model is, and what it queried.

    Attributes:
        strategy: display label.
        labelled: cost of the labels that the model was trained on.
        queried: cost of the query after training; None in the last round.
        class_pixels: (C,) pixels of each class in the annotator's labels that the model was
            trained on.
        miou: on the test split, in [0, 1]; None if no class has a defined IoU.
        bad_images: ids of images that cannot be read or have no finite score; later rounds do not
            query them.
        timings_s: seconds of each stage, in order.
        extended_pixels: (C,) the same as `class_pixels` for extended labels; None without any.
        extension: calibration of label extension after the query; None without extension.
        settings: the settings of its query, which may change while a run lives, by dotted key; None
            in records of earlier versions.
        corrected: ids of images whose labels, on which the model was trained, were corrected
            (`data.corrections`).
        stop: the rule of `al.stop` that ended the experiment after this round, in words.
        measured: whether there were labelled images to measure `miou` on.
        weights: which weights were measured and queried with: those with the best validation mIoU,
            or those of the last epoch, also if there was no validation split; None in records of
            earlier versions.
    """

    file: ClassVar[str] = RECORD_FILE

    round: int
    name: str
    seed: int
    strategy: str
    fingerprint: str
    labelled: Cost
    queried: Cost | None
    class_pixels: tuple[int, ...]
    miou: float | None
    bad_images: tuple[str, ...] = ()
    timings_s: dict[str, float] = Field(default_factory=dict)
    extended_pixels: tuple[int, ...] | None = None
    extension: CalibrationResult | None = None
    measured: bool = True
    settings: dict[str, Any] | None = None
    weights: Literal["best_val", "last"] | None = None
    stop: str | None = None
    corrected: tuple[str, ...] = ()


def read_records(layout: RunLayout) -> list[Record]:
    """The records of a run, in order, up to the first round that has none.

    Raises:
        DataError: one is damaged, or of another version.
    """
    records: list[Record] = []
    while (stage := layout.round(len(records)).record).exists():
        records.append(Record.read(stage))
    return records
