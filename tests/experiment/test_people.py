"""Runs that people label: they wait, go on with the answers, and end as simulated ones do."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from raysal.annotate.of_run import asked_of
from raysal.data.answers import Answer
from raysal.data.labels import ANNOTATOR, labelled_ids, read_labels
from raysal.engine.build import build_engine
from raysal.errors import DataError, RunError
from raysal.experiment import wait
from raysal.experiment.annotators import Patience
from raysal.experiment.answered import read_answered
from raysal.experiment.config import ExperimentConfig
from raysal.experiment.cost import Cost
from raysal.experiment.exclude import excluded_from_query
from raysal.experiment.layout import RunLayout
from raysal.experiment.metrics import Metrics
from raysal.experiment.outcome import Outcome, summary_line
from raysal.experiment.query import read_query
from raysal.experiment.run import run_experiment
from raysal.experiment.status import read_status
from raysal.models.checkpoint import load_model
from raysal.progress import Silent
from tests.support.people import SIZE, Photographs, asking, simulated, take_photographs

REGIONS: dict[str, Any] = {
    "acquisition": {"name": "panoptic"},
    "model": {"channel_dropout": 0.25},
    "rga": {"subset": 6, "w": 16, "passes": 3},
    "cle": {"cell": 4, "precision": 0.05, "calibration_images": 4},
}


@pytest.fixture(scope="module")
def photographs(tmp_path_factory: pytest.TempPathFactory) -> Photographs:
    return take_photographs(tmp_path_factory.mktemp("photographs"))


def run(config: ExperimentConfig, patience: Patience = "end") -> Outcome:
    return run_experiment(config, lambda: build_engine(config.engine), Silent(), patience)


def to_the_end(config: ExperimentConfig, photographs: Photographs) -> Outcome:
    """Run and answer in turn."""
    for _ in range(5):
        outcome = run(config)
        if not outcome.waits_for:
            return outcome
        photographs.answer(config.folder)
    raise AssertionError("the run asks without end")


def asked_images(layout: RunLayout) -> list[list[tuple[object, ...]]]:
    """All queries, without the clicks, which are not known in advance for people."""
    return [
        [(a.image_id, a.row, a.col, a.height, a.width, a.score) for a in read_query(here.query)]
        for here in (layout.test, layout.initial, layout.round(0))
    ]


def labels(layout: RunLayout) -> list[tuple[str, bytes, bytes]]:
    stores = [here.labels for here in (layout.test, layout.initial, layout.round(0))]
    stores += layout.extended(1)
    return [
        (one.image_id, one.label.tobytes(), one.source.tobytes())
        for store in stores
        for one in read_labels(store)
    ]


def weights(layout: RunLayout) -> list[torch.Tensor]:
    return [
        t for i in (0, 1) for t in load_model(layout.round(i).model).model.state_dict().values()
    ]


def same(one: RunLayout, other: RunLayout) -> None:
    """Check that two runs chose, learned and measured the same, bit for bit."""
    assert asked_images(one) == asked_images(other)
    assert labels(one) == labels(other)
    pairs = zip(weights(one), weights(other), strict=True)
    assert all(torch.equal(a, b) for a, b in pairs)
    for index in (0, 1):
        assert Metrics.read(one.round(index).metrics) == Metrics.read(other.round(index).metrics)


def check_people_and_simulation(
    tmp_path: Path, photographs: Photographs, **changes: Any
) -> tuple[RunLayout, RunLayout]:
    people = asking(tmp_path, photographs, **changes)
    outcome = to_the_end(people, photographs)
    assert [record.round for record in outcome.records] == [0, 1]
    masks = simulated(tmp_path, photographs, **changes)
    run(masks)
    layouts = RunLayout(people.folder), RunLayout(masks.folder)
    same(*layouts)
    return layouts


@pytest.mark.slow  # The fast suite has tests/annotate/test_story.py.
@pytest.mark.parametrize("changes", [{}, REGIONS], ids=["images", "regions"])
def test_a_person_who_knows_the_masks_is_the_simulated_annotator(
    changes: dict[str, Any], photographs: Photographs, tmp_path: Path
) -> None:
    layout, _ = check_people_and_simulation(tmp_path, photographs, **changes)
    test, first = (set(labelled_ids(here.labels)) for here in (layout.test, layout.initial))
    assert (len(test), len(first)) == (3, 4)
    assert not test & first
    assert all(row.outside == 0 for row in read_answered(layout.round(0)))


def test_asks_for_test_images_first_and_ends_until_all_are_answered(
    photographs: Photographs, tmp_path: Path
) -> None:
    config = asking(tmp_path, photographs)
    layout = RunLayout(config.folder)
    outcome = run(config)
    assert [str(q) for q in outcome.waits_for] == ["3 of 3 test images", "4 of 4 initial images"]
    assert outcome.records == []
    asked = asked_of(config.folder)
    assert [image.query for image in asked.images] == ["test"] * 3 + ["initial"] * 4
    assert all(image.whole and image.size == (70, 100) for image in asked.images)
    assert asked.images[0].read() == Path(str(asked.images[0].path)).read_bytes()

    photographs.answer(config.folder, most=5)
    outcome = run(config)
    assert [str(q) for q in outcome.waits_for] == ["2 of 4 initial images"]
    assert layout.test.labels.exists()
    lines = read_status(config.folder).lines
    assert any("waits for labels: 2 of 4 initial images" in line for line in lines)
    assert not any("agreement" in line for line in lines)
    photographs.answer(config.folder, most=1, annotator="Bo")  # Of the initial images.
    (line,) = (line for line in read_status(config.folder).lines if "agreement" in line)
    assert line.startswith("agreement of 2 annotators on 1 image: 100.0 % of the pixels")
    assert not layout.round(0).model.exists()


def test_the_ledger_has_who_when_and_how_long(photographs: Photographs, tmp_path: Path) -> None:
    config = asking(tmp_path, photographs)
    outcome = to_the_end(config, photographs)
    layout, pixels = RunLayout(config.folder), SIZE[0] * SIZE[1]
    rows = read_answered(layout.round(0))
    assert {(row.annotator, row.tool, row.state) for row in rows} == {("Ann", "test", "labelled")}
    assert all(row.version == 1 and row.saved_at is not None for row in rows)
    assert outcome.records[0].labelled == Cost(4.0, 4 * pixels, 4, 20, 40.0)
    assert outcome.records[0].queried == Cost(2.0, 2 * pixels, 2, 10, 20.0)


def test_what_is_drawn_beside_a_region_is_kept_and_counted(
    photographs: Photographs, tmp_path: Path
) -> None:
    config = asking(tmp_path, photographs, **{**REGIONS, "cle": None})
    layout = RunLayout(config.folder)
    for _ in range(2):
        run(config)
        photographs.answer(config.folder)
    image = (asked := asked_of(config.folder)).images[0]
    asked.store(image).save(Answer(image.image_id, photographs.mask(image.image_id), "Ben", "t"))
    outcome = run(config)
    row = next(r for r in read_answered(layout.round(0)) if r.annotator == "Ben")
    (one,) = read_labels(layout.round(0).labels, {image.image_id})
    assert (one.source == ANNOTATOR).sum() == row.pixels + row.outside
    assert row.outside > 0
    queried = outcome.records[0].queried
    assert queried is not None
    assert queried.pixels == sum(r.pixels + r.outside for r in read_answered(layout.round(0)))
    assert queried.seconds is None


def test_what_is_there_is_taken_and_the_rest_given_back(
    photographs: Photographs, tmp_path: Path
) -> None:
    config = asking(tmp_path, photographs)
    layout = RunLayout(config.folder)
    run(config)
    photographs.answer(config.folder)
    run(config)
    assert [str(q) for q in run(config, "take").waits_for] == ["2 of 2 images of round 0"]
    (taken,) = photographs.answer(config.folder, most=1)
    outcome = run(config, "take")
    assert labelled_ids(layout.round(0).labels) == [taken]
    given_back = {r.image_id for r in read_answered(layout.round(0)) if r.state == "given back"}
    assert len(given_back) == 1
    assert not given_back & excluded_from_query(config, layout, 1)
    assert outcome.records[1].labelled.images == 5


def test_an_image_that_cannot_be_labelled_is_set_aside(
    photographs: Photographs, tmp_path: Path
) -> None:
    config = asking(tmp_path, photographs)
    layout = RunLayout(config.folder)
    run(config)
    photographs.answer(config.folder)
    run(config)
    photographs.answer(config.folder, most=1)
    image = (asked := asked_of(config.folder)).images[1]
    black = Answer(image.image_id, None, "Ann", "test", state="unusable", note="black")
    asked.store(image).save(black)
    outcome = run(config)
    assert [record.round for record in outcome.records] == [0, 1]
    row = next(r for r in read_answered(layout.round(0)) if r.image_id == image.image_id)
    assert (row.state, row.note, row.pixels) == ("unusable", "black", 0)
    assert image.image_id in excluded_from_query(config, layout, 1)
    assert image.image_id not in labelled_ids(layout.round(0).labels)


def test_if_no_initial_image_can_be_labelled_it_is_said_and_can_be_corrected(
    photographs: Photographs, tmp_path: Path
) -> None:
    config = asking(tmp_path, photographs)
    run(config)
    photographs.answer(config.folder)
    asked = asked_of(config.folder)
    for image in asked.images:
        if image.query == "initial":
            black = Answer(image.image_id, None, "Ann", "test", state="unusable", note="black")
            asked.store(image).save(black)
    for _ in range(2):
        with pytest.raises(DataError, match="none of the 4 initial images has a labelled pixel"):
            run(config)
    photographs.answer(config.folder)
    assert [str(q) for q in run(config).waits_for] == ["2 of 2 images of round 0"]


def test_a_draft_is_not_an_answer(photographs: Photographs, tmp_path: Path) -> None:
    config = asking(tmp_path, photographs)
    run(config)
    photographs.answer(config.folder)
    photographs.answer(config.folder, most=1, state="draft")
    first = asked_of(config.folder).images[0]
    photographs.answer(config.folder, most=2, skip=[first.image_id], state="review")
    assert [str(q) for q in run(config).waits_for] == ["3 of 3 test images"]
    lines = read_status(config.folder).lines
    assert "  of these, 2 wait for review and 1 is a draft" in lines


def test_masks_that_are_there_are_labels_from_the_start(
    photographs: Photographs, tmp_path: Path
) -> None:
    some = tmp_path / "some"
    some.mkdir()
    known = sorted(photographs.masks.iterdir())[:6]
    for mask in known:
        shutil.copy(mask, some)
    data = {"masks": str(some), "shares": [0, 0]}
    config = asking(tmp_path, photographs, data=data, al={"test": 0, "initial": 8})
    layout = RunLayout(config.folder)
    (query,) = run(config).waits_for
    assert str(query) == "2 of 8 initial images"
    ids = {mask.stem for mask in known}
    assert ids <= {ask.image_id for ask in query.asks}
    assert not ids & set(asked_of(config.folder).by_id)
    photographs.answer(config.folder)
    run(config)
    rows = {row.image_id: row for row in read_answered(layout.initial)}
    assert {i for i, row in rows.items() if row.state == "known"} == ids
    assert all(rows[i].seconds == 0 for i in ids)


def test_without_test_images_it_is_not_measured(photographs: Photographs, tmp_path: Path) -> None:
    config = asking(tmp_path, photographs, al={"test": 0})
    outcome = to_the_end(config, photographs)
    assert [record.measured for record in outcome.records] == [False, False]
    assert summary_line(outcome.records[0]).startswith("round 0: 4 images labelled, not measured")
    assert Metrics.read(RunLayout(config.folder).round(0).metrics).split is None


def test_validation_images_are_drawn_and_validated_on(
    photographs: Photographs, tmp_path: Path
) -> None:
    changes = {"al": {"test": 2, "val": 3}, "train": {"epochs": 2, "checkpoint": "best_val"}}
    layout, _ = check_people_and_simulation(tmp_path, photographs, **changes)
    drawn = [set(labelled_ids(here.labels)) for here in (layout.test, layout.val, layout.initial)]
    assert [len(ids) for ids in drawn] == [2, 3, 4]
    assert len(set.union(*drawn)) == 9


def test_images_to_measure_on_are_the_same_for_every_seed(
    photographs: Photographs, tmp_path: Path
) -> None:
    drawn = []
    for seed in (0, 1):
        config = asking(tmp_path / str(seed), photographs, al={"val": 2}, seed=seed)
        run(config)
        layout = RunLayout(config.folder)
        drawn.append([read_query(here.query) for here in layout.first_queries])
    assert drawn[0][:2] == drawn[1][:2]
    assert drawn[0][2] != drawn[1][2]


def test_waiting_goes_on_as_soon_as_the_answers_are_there(
    photographs: Photographs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wait, "PAUSE_S", 0.05)
    config = asking(tmp_path, photographs)
    ended: list[Outcome] = []
    thread = threading.Thread(target=lambda: ended.append(run(config, "wait")))
    thread.start()
    patiently(lambda: RunLayout(config.folder).initial.query.exists())
    with pytest.raises(RunError, match="in use"):
        run(config, "wait")
    photographs.answer(config.folder)
    patiently(lambda: RunLayout(config.folder).round(0).query.exists())
    photographs.answer(config.folder)
    thread.join(60)
    assert [record.round for record in ended[0].records] == [0, 1]


def test_a_changed_configuration_loses_no_answer(photographs: Photographs, tmp_path: Path) -> None:
    config = asking(tmp_path, photographs)
    run(config)
    photographs.answer(config.folder)
    changed = asking(tmp_path, photographs, train={"epochs": 2})
    outcome = run(changed)
    assert [str(q) for q in outcome.waits_for] == ["2 of 2 images of round 0"]


def patiently(happened: Callable[[], bool]) -> None:
    """Wait until something has happened."""
    for _ in range(600):
        if happened():
            return
        threading.Event().wait(0.1)
    raise AssertionError("it did not happen")
