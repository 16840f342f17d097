"""The report of a whole run that people labelled, without any mask."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import pytest

from raysal.engine.build import build_engine
from raysal.errors import RunError
from raysal.experiment.config import ExperimentConfig
from raysal.experiment.run import run_experiment
from raysal.progress import Silent
from raysal.report.build import build_report
from raysal.report.cost_unit import CostUnit
from raysal.report.runs.read import RoundData, read_runs
from tests.support.people import asking, take_photographs

IMAGES: dict[str, Any] = {"acquisition": {"name": "random"}}
REGIONS: dict[str, Any] = {
    "acquisition": {"name": "panoptic"},
    "model": {"channel_dropout": 0.25},
    "rga": {"subset": 6, "w": 16, "passes": 2},
    "cle": {"cell": 4, "precision": 0.05, "calibration_images": 2},
}


@pytest.mark.parametrize(
    ("changes", "more"),
    [
        (IMAGES, ()),
        pytest.param(
            REGIONS, ("Whether extended labels are right is not known",), marks=pytest.mark.slow
        ),
    ],
    ids=["images", "regions"],
)
def test_it_needs_no_masks(changes: dict[str, Any], more: tuple[str, ...], tmp_path: Path) -> None:
    photographs = take_photographs(tmp_path, images=14)
    config = asking(tmp_path, photographs, al={"test": 2}, **changes)
    for who in ("Ann", "Bo", None):
        outcome = run_experiment(config, lambda: build_engine(config.engine), Silent())
        if who is not None:
            photographs.answer(config.folder, annotator=who, seconds=90.0, clicks=4)
    assert len(outcome.records) == 2
    made = build_report([config.folder], tmp_path / "out", strips=2, x=CostUnit.seconds)
    assert made.notes == ()
    page = made.page.read_text()
    for words in (
        "Mean IoU on 2 test images drawn by lot",
        "mIoU against the time that it took to label",
        "what annotators drew is taken for the truth",
        "Annotation</h2>",
        "<bdi>Ann</bdi>",
        "<bdi>Bo</bdi>",
        *more,
    ):
        assert words in page
    rows = list(csv.DictReader(io.StringIO((tmp_path / "out" / "answers.csv").read_text())))
    asked = [(row["query"], row["annotator"]) for row in rows]
    assert asked[:6] == [("test", "Ann")] * 2 + [("initial", "Ann")] * 4
    assert set(asked[6:]) == {("round-000", "Bo")}
    # The labels of the test images are not what the model was trained on.
    (_, last) = csv.DictReader(io.StringIO((tmp_path / "out" / "curve.csv").read_text()))
    assert float(last["seconds"]) == 90 * (len(rows) - 2)


def test_a_round_is_shown_while_its_query_waits(tmp_path: Path) -> None:
    photographs = take_photographs(tmp_path, images=14)
    config = asking(tmp_path, photographs, al={"test": 2}, **IMAGES)
    more = asking(tmp_path, photographs, al={"test": 2, "rounds": 3}, **IMAGES)

    def go_on(config: ExperimentConfig) -> tuple[RoundData, ...]:
        """Run as far as there are answers; returns what a report shows."""
        run_experiment(config, lambda: build_engine(config.engine), Silent())
        (run,) = read_runs([config.folder])
        return run.rounds

    with pytest.raises(RunError, match=r"no measured round yet; `raysal status .*people` says"):
        go_on(config)
    photographs.answer(config.folder)
    (waiting,) = go_on(config)
    photographs.answer(config.folder)
    first, last = go_on(config)
    assert waiting.metrics == first.metrics
    assert waiting.record.labelled == first.record.labelled
    # The last round makes its query now, which waits.
    again, waiting = go_on(more)
    assert again == first
    assert (last.recorded, waiting.recorded) == (True, False)
    assert waiting.metrics == last.metrics
    assert waiting.record.miou is not None
    made = build_report([config.folder], tmp_path / "out", strips=1)
    assert made.notes == ()
    assert (made.rows[0].rounds, made.rows[0].miou_last) == (2, 100 * waiting.record.miou)
    assert "which makes no query" not in made.page.read_text()
