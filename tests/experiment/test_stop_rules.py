"""Rules that end an experiment, alone and in a run that goes on with others."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from raysal.config.load import validate
from raysal.engine.build import build_engine
from raysal.errors import ConfigError
from raysal.experiment.budget import Budget
from raysal.experiment.config import ExperimentConfig
from raysal.experiment.cost import Cost
from raysal.experiment.layout import RunLayout
from raysal.experiment.outcome import Outcome
from raysal.experiment.record import Record
from raysal.experiment.run import run_experiment
from raysal.experiment.status import read_status
from raysal.experiment.stop_config import StopConfig
from raysal.experiment.stop_rules import due
from raysal.progress import Silent
from raysal.report.runs.read import read_runs
from raysal.report.runs.series import group
from raysal.report.summary.cautions import cautions
from tests.support.people import asking, take_photographs
from tests.support.tiny_run import queried, tiny

BUDGET = Budget(20, "images", (48, 64), (48, 64))


def reason(rule: dict[str, Any], mious: list[float | None], images: float = 40) -> str | None:
    stop = due(StopConfig(**rule), BUDGET, mious, Cost(images, round(images * 3072)))
    return None if stop is None else stop.reason


def test_an_miou_that_is_good_enough() -> None:
    rule = {"miou": 0.6}
    assert reason(rule, [0.4, 0.599]) is None
    assert reason(rule, [0.4, 0.6]) == "mIoU 60.00 has reached al.stop.miou = 0.6"
    assert reason(rule, [0.7, None]) is None


def test_rounds_without_a_gain() -> None:
    rule = {"gain_below": 0.01}
    assert reason(rule, [0.5, 0.5]) is None  # Two rounds after which nothing was gained are needed.
    assert reason(rule, [0.5, 0.505, 0.509]) == (
        "the last 2 rounds gained +0.90 points of mIoU, less than al.stop.gain_below = 0.01"
    )
    assert reason(rule, [0.5, 0.505, 0.52]) is None
    assert reason(rule, [0.5, None, 0.4, 0.45]) is not None
    assert reason({**rule, "rounds": 1}, [0.5, 0.52, 0.525]) is not None
    assert reason({**rule, "rounds": 3}, [0.5, 0.52, 0.52, 0.52]) is None


@pytest.mark.parametrize(
    ("total", "images", "ends"), [(80, 60, False), (79, 60, True), (60, 60, True)]
)
def test_a_total_is_never_exceeded(total: int, images: float, ends: bool) -> None:
    assert (reason({"budget": total}, [0.5], images) is not None) == ends


def test_regions_are_rounded_as_a_query_rounds_them() -> None:
    budget = Budget(1, "images", (48, 64), (20, 20))  # 8 regions are 1.04 images.
    most = (budget.pixels or 0) / 3072
    assert most > 1
    labelled = Cost(3.0, 3 * 3072)
    assert due(StopConfig(budget=4), budget, [0.5], labelled) is not None
    assert due(StopConfig(budget=5), budget, [0.5], labelled) is None


def test_without_a_rule_nothing_ends() -> None:
    assert due(None, BUDGET, [1.0, 1.0, 1.0, 1.0], Cost(1e9, 1)) is None


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ({}, "al.stop needs one of miou, gain_below, budget"),
        ({"rounds": 2, "miou": 0.5}, "al.stop.rounds counts rounds"),
        ({"miou": 60}, "al.stop.miou"),
    ],
)
def test_what_is_no_rule(tmp_path: Path, rule: dict[str, Any], words: str) -> None:
    values = tiny(tmp_path).dump()
    with pytest.raises(ConfigError, match=words):
        validate(ExperimentConfig, {**values, "al": {**values["al"], "stop": rule}}, "x.yaml")


def test_a_config_without_a_rule_keeps_its_fingerprint(tmp_path: Path) -> None:
    assert not [key for key in tiny(tmp_path).essence() if key.startswith("al.stop")]


class Heard(Silent):
    def __init__(self) -> None:
        self.lines: list[str] = []

    def say(self, text: str) -> None:
        self.lines.append(text)


def run(config: ExperimentConfig, heard: Heard | None = None) -> Outcome:
    return run_experiment(config, lambda: build_engine(config.engine), heard or Heard())


def test_a_run_ends_resumes_and_goes_on_when_the_rule_is_changed(tmp_path: Path) -> None:
    """At 12 images, because 16 are too many; for another reason; then without a rule, with the same
    models."""
    few = {"train": {"epochs": 1}, "data": {"train": 24, "val": 0, "test": 2}}
    ended = run(tiny(tmp_path, **few, al={"stop": {"budget": 15}}))
    assert [record.labelled.images for record in ended.records] == [8, 12]
    assert ended.stop is not None
    assert ended.stop.reason == (
        "12 images are labelled, and 4 more would exceed al.stop.budget = 15"
    )
    last = ended.layout.round(1)
    assert ended.records[1].queried is None
    assert ended.records[1].stop == ended.stop.reason
    assert not last.scores.exists()  # Nothing was scored for a query that is not made.
    made, trained = (path.stat().st_mtime_ns for path in (last.record, last.model_file))
    heard = Heard()
    again = run(tiny(tmp_path, **few, al={"stop": {"budget": 15}}), heard)
    assert (again.records, again.stop) == (ended.records, ended.stop)
    assert last.record.stat().st_mtime_ns == made
    assert heard.lines[-1] == f"stopped after round 1: {ended.stop.reason}"
    assert f"stopped after round 1: {ended.stop.reason}" in read_status(ended.layout.root).lines

    runs = read_runs([ended.layout.root])
    (note,) = [note for note in cautions(group(runs), [0, 1]) if "al.stop" in note]
    assert note == f"Ended by a rule of al.stop: tiny after round 1 ({ended.stop.reason})."

    other = run(tiny(tmp_path, **few, al={"stop": {"miou": 1e-9}}))
    assert other.stop is not None
    assert "has reached al.stop.miou" in other.stop.reason
    assert len(other.records) == 2

    whole = run(tiny(tmp_path, **few))
    assert (len(whole.records), whole.stop) == (3, None)
    assert whole.records[1].stop is None
    assert [len(ids) for ids in queried(whole.layout.root, 3)] == [8, 4, 4]
    assert last.model_file.stat().st_mtime_ns == trained
    status = read_status(whole.layout.root)
    assert not status.problems
    assert not [line for line in status.lines if "have changed" in line]
    (series,) = group(read_runs([whole.layout.root]))
    assert series.label == "DS"


def test_people_are_not_asked_when_a_rule_ends_the_run(tmp_path: Path) -> None:
    """A rule that is set while a query is out takes it back; lifted, the same images are asked."""
    photographs = take_photographs(tmp_path / "photographs", images=10)
    settings: dict[str, Any] = {"al": {"initial": 3, "test": 2, "budget": 2, "rounds": 3}}
    config = asking(tmp_path, photographs, **settings)
    waits = run(config)
    photographs.answer(waits.layout.root)
    waits = run(config)
    assert [pending.here.name for pending in waits.waits_for] == ["round-000"]
    asked = waits.waits_for[0].unanswered()
    values = config.dump()
    heard = Heard()
    rule = {**values["al"], "stop": {"budget": 4}}
    ended = run(ExperimentConfig.model_validate({**values, "al": rule}), heard)
    assert not ended.waits_for
    assert ended.stop is not None
    assert any("count if al.stop is lifted again" in line for line in heard.lines)
    (record,) = ended.records
    assert record.queried is None
    back = run(config)
    assert back.waits_for[0].unanswered() == asked
    assert isinstance(record, Record)
    assert not RunLayout(back.layout.root).round(0).record.exists()
