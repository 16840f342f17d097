"""The files of a round keep their format."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from raysal.errors import DataError
from raysal.experiment.cost import Cost
from raysal.experiment.layout import RunLayout
from raysal.experiment.metrics import Metrics
from raysal.experiment.record import Record, read_records
from raysal.storage.document import Document
from raysal.storage.seal import sealed
from raysal.training.report import AdversaryReport, TrainReport

BAD = [{"image_id": "a", "reason": "truncated"}]
CALIBRATION = {
    "version": 1,
    "thresholds": {"beta": 10.0, "tau_conf": 0.5, "tau_sim": 0.7},
    "precision": 0.97,
    "error": 0.01,
    "coverage": 0.2,
    "images": 4,
}
RECORD: dict[str, Any] = {
    "version": 1, "round": 0, "name": "cpral", "seed": 0, "strategy": "CPRAL",
    "fingerprint": "d6b6",
    "labelled": {"images": 4.5, "pixels": 13824, "regions": 10, "clicks": 96, "seconds": None},
    "queried": {"images": 2.0, "pixels": 6144, "regions": 24, "clicks": None, "seconds": None},
    "class_pixels": [7, 0], "miou": 0.5, "bad_images": ["b"],
    "timings_s": {"train": 14.35, "evaluate": 4.6}, "extended_pixels": [3, 1],
    "extension": CALIBRATION,
}  # fmt: skip
METRICS: dict[str, Any] = {
    "version": 1, "split": "test", "images": 2, "miou": 0.5, "pixel_accuracy": 0.75,
    "iou": [0.5, None], "class_names": ["road", "sky"], "confusion": [[1, 1], [0, 0]],
    "bad_images": BAD,
}  # fmt: skip
TRAIN: dict[str, Any] = {
    "version": 1, "images": 4, "epochs": 1, "checkpoint_epoch": 0, "val_miou": None,
    "history": [{"epoch": 0, "loss": 2.5, "val_miou": None}], "bad_images": BAD,
}  # fmt: skip
ADVERSARY: dict[str, Any] = {
    "version": 1, "labelled": 4, "unlabelled": 8, "steps": 10,
    "history": [{"step": 10, "vae_loss": 1.5, "loss": 0.5}], "bad_images": [],
}  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "name", "values"),
    [
        (Record, "record.json", RECORD),
        (Record, "record.json", {**RECORD, "queried": None, "extension": None}),
        (Metrics, "metrics.json", METRICS),
        (TrainReport, "train.json", TRAIN),
        (AdversaryReport, "train.json", ADVERSARY),
    ],
)
def test_files_of_earlier_runs_are_read_and_written_alike(
    tmp_path: Path, kind: type[Document], name: str, values: dict[str, Any]
) -> None:
    (tmp_path / name).write_text(json.dumps(values, indent=2) + "\n")
    kind.read(tmp_path).write(tmp_path)
    written = json.loads((tmp_path / name).read_text())
    added = {
        Metrics: {"split_contents": None},
        Record: {
            "measured": True,
            "settings": None,
            "weights": None,
            "stop": None,
            "corrected": [],
        },
    }.get(kind, {})
    expected = {**values, **added}
    if expected.get("extension"):
        expected["extension"] = {**CALIBRATION, "refused": None, "against": None}
    assert written == sealed(expected)
    assert list(written) == [*values, *added, "check"]


def test_costs_are_read_as_costs() -> None:
    record = Record.model_validate(RECORD)
    assert record.labelled + Cost(1, 1, 1, 1) == Cost(5.5, 13825, 11, 97)


def write_record(layout: RunLayout, index: int, **changes: Any) -> None:
    folder = layout.round(index).record
    folder.mkdir(parents=True)
    Record.model_validate({**RECORD, "round": index, **changes}).write(folder)


def test_records_are_read_up_to_the_first_gap(tmp_path: Path) -> None:
    layout = RunLayout(tmp_path)
    assert read_records(layout) == []
    for index in (0, 1, 3):
        write_record(layout, index)
    assert [record.round for record in read_records(layout)] == [0, 1]


def test_a_damaged_record_is_named(tmp_path: Path) -> None:
    layout = RunLayout(tmp_path)
    write_record(layout, 0)
    (layout.round(0).record / "record.json").write_text("{")
    with pytest.raises(DataError, match=r"000/record/record\.json is damaged: .*RUN --repair"):
        read_records(layout)
