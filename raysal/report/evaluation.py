"""The files of `raysal evaluate`: what was measured, the metrics, and the confusion as CSV."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from raysal.data.sets.base import Split
from raysal.errors import DataError, RunError
from raysal.experiment.metrics import Metrics
from raysal.inference.precision import Precision
from raysal.report.draw.table import Table
from raysal.storage.atomic import write_bytes
from raysal.storage.document import Document
from raysal.storage.foreign import check_unused, names_in

CONFUSION_FILE = "confusion.csv"


class EvaluationRecord(Document):
    """`evaluation.json`, which is written first.

    Attributes:
        model: digest of the model's settings and weights.
        data: settings of the data set, among them the size that images are resized to.
    """

    file: ClassVar[str] = "evaluation.json"
    remedy: ClassVar[str] = "evaluate into another folder"

    model: str
    data: dict[str, Any]
    split: Split
    precision: Precision


def check_out(out: Path, record: EvaluationRecord) -> None:
    """Check that an evaluation may be written into a folder: a new one, an empty one, or its own.

    Raises:
        RunError: it is a file, or holds another evaluation or files that raysal did not make.
        DataError: the record there is damaged.
    """
    names = names_in(str(out))
    if EvaluationRecord.file not in names:
        check_unused(str(out), "the evaluation")
        return
    if EvaluationRecord.read(out) != record:
        raise RunError(
            f"{out} holds the evaluation of another model, or on other data; evaluate into another "
            "folder"
        )
    for name in (Metrics.file, CONFUSION_FILE):
        if name in names and not _is_ours(out, name):
            raise RunError(
                f"{out / name} would be overwritten, but is not as raysal wrote it; move it "
                "elsewhere"
            )


def write_evaluation(out: Path, record: EvaluationRecord, metrics: Metrics) -> list[Path]:
    """Write the files, each atomically; returns their paths.

    Raises:
        RunError, DataError: see `check_out`.
        OSError: no space, no permission.
    """
    check_out(out, record)
    out.mkdir(parents=True, exist_ok=True)
    record.write(out)
    # First the file that is derived from the other one, by which it is recognised.
    (out / CONFUSION_FILE).unlink(missing_ok=True)
    metrics.write(out)
    write_bytes(out / CONFUSION_FILE, confusion_table(metrics).csv().encode())
    return [out / Metrics.file, out / CONFUSION_FILE]


@dataclass(frozen=True)
class ClassResult:
    """How well a class is recognised; shares in [0, 1], None where they are not defined.

    Attributes:
        recall: share of its pixels that are predicted as it.
        precision: share of the pixels that are predicted as it and are it.
        share: its share of the known pixels.
        taken_for: the class that most of its other pixels are predicted as, `taken_share` of all
            its pixels.
    """

    name: str
    iou: float | None
    recall: float | None
    precision: float | None
    share: float | None
    taken_for: str | None
    taken_share: float | None


def class_results(metrics: Metrics) -> list[ClassResult]:
    """The results of all classes, in the order of their ids."""
    confusion, names = np.array(metrics.confusion), metrics.class_names
    found = []
    for index, (name, counts) in enumerate(zip(names, confusion, strict=True)):
        truth, predicted = int(counts.sum()), int(confusion[:, index].sum())
        others = np.delete(counts, index)
        worst = int(others.argmax()) if others.size and others.max() else None
        found.append(
            ClassResult(
                name,
                metrics.iou[index],
                _share(counts[index], truth),
                _share(counts[index], predicted),
                _share(truth, int(confusion.sum())),
                None if worst is None else names[worst + (worst >= index)],
                None if worst is None else _share(others[worst], truth),
            )
        )
    return found


def _share(part: int, whole: int) -> float | None:
    return int(part) / whole if whole else None


def confusion_table(metrics: Metrics) -> Table:
    """Pixels by class: a row for each class of the ground truth, a column for each predicted."""
    return Table(
        ("truth", *metrics.class_names),
        tuple(
            (name, *counts)
            for name, counts in zip(metrics.class_names, metrics.confusion, strict=True)
        ),
    )


def _is_ours(out: Path, name: str) -> bool:
    try:
        written = Metrics.read(out)
    except DataError:
        return False
    return name == Metrics.file or (out / name).read_text() == confusion_table(written).csv()
