"""Whole experiments with regions: interruptions, both engines, all variants."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

from raysal.acquisition.selection.region_parts import RegionResult, write_region_part
from raysal.acquisition.selection.score_parts import Scored, write_part
from raysal.data.labels import ANNOTATOR, EXTENDED, read_labels, read_merged
from raysal.engine.build import build_engine
from raysal.engine.config import EngineConfig
from raysal.engine.jobs import PartReport, PoolJob, RegionJob, ScoreJob
from raysal.engine.local.engine import LocalEngine
from raysal.experiment.config import ExperimentConfig
from raysal.experiment.layout import RoundLayout, RunLayout
from raysal.experiment.query import Ask, read_query
from raysal.experiment.record import Record
from raysal.experiment.run import run_experiment
from raysal.experiment.summarize import unusable
from raysal.progress import Silent
from tests.support.faults import Killed, killed_after_each_stage, lives
from tests.support.shallow_network import MOBILENET
from tests.support.tiny_run import tiny

CPRAL: dict[str, Any] = {
    "data": {"train": 24, "val": 0, "test": 2},
    "acquisition": {"name": "panoptic"},
    "model": {"channel_dropout": 0.25},
    "rga": {"subset": 6, "w": 16, "passes": 3},
    # A precision that is reached by chance, so that something is extended.
    "cle": {"cell": 4, "precision": 0.05, "calibration_images": 4},
    "train": {"epochs": 1, "checkpoint": "last"},
    "al": {"candidate_ratio": 1.0, "initial": 4, "budget": 2},
}
ROUNDS = 3


def cpral(output: Path, **changes: Any) -> ExperimentConfig:
    """The tiny CPRAL experiment with some sections changed."""
    values = {key: dict(value) for key, value in CPRAL.items()}
    for key, change in changes.items():
        values[key] = {**values.get(key, {}), **change} if isinstance(change, dict) else change
    return tiny(output, **values)


def run(config: ExperimentConfig) -> None:
    """Run to the end."""
    run_experiment(config, lambda: build_engine(config.engine), Silent())


Result = tuple[list[list[Ask]], dict[str, bytes], list[float | None]]


def result(config: ExperimentConfig, rounds: int = ROUNDS) -> Result:
    """Queries, labels at the end, and mIoU of each round."""
    layout = RunLayout(config.folder)
    asked = [read_query(folder) for folder in layout.query_folders(rounds - 1)]
    folders = layout.label_folders(rounds - 1) + layout.extended(rounds - 1)
    known = {i: m.label.tobytes() + m.source.tobytes() for i, m in read_merged(folders).items()}
    records = [Record.read(layout.round(index).record) for index in range(rounds)]
    return asked, known, [record.miou for record in records]


@pytest.fixture(scope="module")
def calm(tmp_path_factory: pytest.TempPathFactory) -> ExperimentConfig:
    """A run without interruptions."""
    config = cpral(tmp_path_factory.mktemp("calm"))
    run(config)
    return config


def test_files_of_a_run(calm: ExperimentConfig) -> None:
    layout = RunLayout(calm.folder)
    asked, _, _ = result(calm)
    height, width = calm.data.size
    assert [len(query) for query in asked] == [4, 24, 24]  # 2 images of 48x64 in 16x16 windows.
    for query in asked[1:]:
        assert all(
            (a.height, a.width, a.cost.pixels, a.cost.regions) == (16, 16, 256, 1) for a in query
        )
        assert [a.score for a in query] == sorted((a.score for a in query), reverse=True)
        assert all(a.cost.clicks is not None and a.cost.clicks >= 1 for a in query)
        assert all(a.row + a.height <= height and a.col + a.width <= width for a in query)
    # An image with queried regions leaves the pool.
    images = [{a.image_id for a in query} for query in asked]
    assert not images[1] & images[2]
    assert not images[0] & (images[1] | images[2])

    record = Record.read(layout.round(1).record)
    assert record.strategy == "CPRAL"
    assert record.labelled.images == pytest.approx(4 + 2)
    assert record.labelled.regions == 4 + 24
    assert record.extended_pixels is not None
    assert sum(record.extended_pixels) > 0
    assert record.extension is not None
    assert record.extension.thresholds is not None
    assert sum(record.class_pixels) <= 6 * height * width


def test_extended_labels_never_replace_annotated_ones(calm: ExperimentConfig) -> None:
    layout = RunLayout(calm.folder)
    for index in range(ROUNDS - 1):
        annotated = read_merged(layout.label_folders(index + 1))
        for labelled in read_labels(layout.round(index).extended):
            new = labelled.source == EXTENDED
            assert set(np.unique(labelled.source)) <= {0, EXTENDED}
            assert np.array_equal(new, labelled.label != 255)
            assert not (new & (annotated[labelled.image_id].source == ANNOTATOR)).any()


def test_killed_between_any_two_stages(calm: ExperimentConfig, tmp_path: Path) -> None:
    config = cpral(tmp_path, al={"rounds": 2})
    # Round: model, metrics, scores, regions, query, labels, extended, record; the last has three.
    with killed_after_each_stage():
        assert lives(lambda: run(config)) == 8 + 3 + 1
    assert result(config, rounds=2) == result(calm, rounds=2)


class KilledIn(LocalEngine):
    """Dies once in each job of a stage, after the first part."""

    def __init__(self, config: EngineConfig, stage: str, killed: set[str]) -> None:
        super().__init__(config)
        self.stage, self.killed = stage, killed

    def over_pool(self, job: Any, on_part: Callable[[PartReport], None]) -> None:
        """As `LocalEngine`."""

        def on(report: PartReport) -> None:
            on_part(report)
            if f"{self.stage}." in job.out and job.out not in self.killed:
                self.killed.add(job.out)
                raise Killed

        super().over_pool(job, on)


@pytest.mark.parametrize("stage", ["regions", pytest.param("extended", marks=pytest.mark.slow)])
def test_killed_within_a_stage(calm: ExperimentConfig, tmp_path: Path, stage: str) -> None:
    config = cpral(tmp_path)
    killed: set[str] = set()

    def make_engine() -> LocalEngine:
        return KilledIn(config.engine, stage, killed)

    assert lives(lambda: run_experiment(config, make_engine, Silent())) >= 3
    assert result(config) == result(calm)


@pytest.mark.slow
@pytest.mark.usefixtures("ray_session")
def test_the_same_on_ray(tmp_path: Path) -> None:
    results = []
    for engine in ({"name": "local"}, {"name": "ray", "score_actors": 2}):
        # On some processors the number of threads shows in the last digits.
        config = cpral(
            tmp_path / engine["name"],
            al={"rounds": 2},
            model={**MOBILENET, "channel_dropout": 0.25},
            engine={**engine, "threads": 1},
        )
        run(config)
        results.append(result(config, rounds=2))
    assert results[0] == results[1]


class Noting(LocalEngine):
    """Remembers the jobs over the pool."""

    jobs: ClassVar[list[PoolJob]] = []

    def over_pool(self, job: PoolJob, on_part: Callable[[PartReport], None]) -> None:
        """See `Engine.over_pool`."""
        self.jobs.append(job)
        super().over_pool(job, on_part)


def test_the_pool_is_not_rated_to_pick_regions_in_all_of_it(tmp_path: Path) -> None:
    config = cpral(
        tmp_path, rga={"subset": "all"}, cle=None, acquisition={"name": "vaal"}, al={"rounds": 2}
    )
    run_experiment(config, lambda: Noting(config.engine), Silent())
    scoring, picking = Noting.jobs
    assert isinstance(scoring, ScoreJob)
    assert (scoring.model, scoring.adversary, scoring.encoder) == (None, None, None)
    assert isinstance(picking, RegionJob)
    assert len(picking.images) == config.data.train - 4
    assert not RunLayout(config.folder).round(0).adversary.exists()


def test_an_image_that_regions_cannot_be_picked_in_is_set_aside(tmp_path: Path) -> None:
    here = RoundLayout(tmp_path)
    here.scores.mkdir()
    here.regions.mkdir()
    write_part(str(here.scores), "x", [Scored("a", 0.5), Scored("b", None, "unreadable")])
    found = [RegionResult("a", [], "unreadable"), RegionResult("c", [])]
    write_region_part(str(here.regions), "x", found)
    assert unusable(here) == ("a", "b")


@pytest.mark.parametrize(
    ("changes", "label"),
    [
        ({"cle": None}, "CPRAL w/o CLE"),
        ({"cle": None, "rga": {"kernel": "box"}}, "CPRAL w/o CLE, RGA"),
        ({"cle": None, "rga": None}, "Panoptic"),
        ({"rga": {"subset": "all"}}, "Region-only"),
        ({"cle": None, "rga": {"map": "random"}}, "Random regions"),
        ({"acquisition": {"name": "entropy"}}, "Entropy_R"),
    ],
)
def test_variants_have_names(tmp_path: Path, changes: dict[str, Any], label: str) -> None:
    assert cpral(tmp_path, **changes).strategy_label == label


@pytest.mark.parametrize(
    "changes",
    [
        {"cle": None, "rga": None},
        {"cle": None, "rga": {"map": "random", "subset": "all"},
         "al": {"budget": 3000, "budget_unit": "pixels"}},
        {"acquisition": {"name": "entropy"}, "rga": {"reselect_partial": True},
         "al": {"budget": 7, "budget_unit": "regions"}},
        {"rga": {"border": "clip", "on_shortfall": "overlap", "topk": "per_image"},
         "al": {"budget": 60, "budget_unit": "clicks"}, "noise": {"rate": 0.4}},
    ],
    ids=["panoptic", "random regions", "entropy_R", "clip and noise"],
)  # fmt: skip
def test_variants_are_configuration(tmp_path: Path, changes: dict[str, Any]) -> None:
    config = cpral(tmp_path, **{**changes, "al": {"rounds": 2, **changes.get("al", {})}})
    run(config)
    layout = RunLayout(config.folder)
    asks = read_query(layout.round(0).query)
    spent = sum(ask.cost.in_unit(config.al.budget_unit) for ask in asks)
    assert 0 < spent <= config.al.budget + 1e-9
    assert Record.read(layout.round(1).record).miou is not None


class Listening(Silent):
    """Remembers the messages."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def say(self, text: str) -> None:
        """Remember a message."""
        self.said.append(text)


@pytest.mark.parametrize(
    ("w", "reached"),
    [
        (16, r"precision 0\.\d+ ± 0\.\d+ with the best thresholds"),
        (100, "no pixels to measure the precision on"),  # All pixels of the images are labelled.
    ],
)
def test_nothing_is_extended_if_no_threshold_is_precise_enough(
    w: int, reached: str, tmp_path: Path
) -> None:
    """Labels with so many mistakes cannot be extended with that precision, whatever the model."""
    config = cpral(
        tmp_path,
        cle={"precision": 0.999},
        al={"rounds": 2},
        rga={"w": w},
        noise={"rate": 0.6, "unit": "region", "region": 8},
    )
    watch = Listening()
    run_experiment(config, lambda: build_engine(config.engine), watch)
    wanted = r"but cle.precision = 0.999 plus 2 standard errors \(cle.margin\) is required"
    hint = "; it is measured against labels with noise: set cle.calibrate_on=clean"
    off = re.compile(f"round 0: labels are not extended: {reached}, {wanted}{hint}")
    assert any(map(off.fullmatch, watch.said)), watch.said
    assert any("calibrated against initial labels that carry the noise" in x for x in watch.said)
    records = [Record.read(RunLayout(config.folder).round(i).record) for i in range(2)]
    assert records[0].extension is not None
    assert records[0].extension.thresholds is None
    assert records[1].extended_pixels == (0,) * 11

    # A window larger than the image is clamped, with a message.
    window = min(w, 48), min(w, 64)
    assert any("rga.w is 100" in text and "48x64" in text for text in watch.said) == (w == 100)
    asks = read_query(RunLayout(config.folder).round(0).query)
    assert {(ask.height, ask.width) for ask in asks} == {window}
