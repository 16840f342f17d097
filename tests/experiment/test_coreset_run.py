"""Whole experiments that choose images jointly, by core-set."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from raysal.acquisition.needs import Features
from raysal.acquisition.selection.score_parts import read_features
from raysal.curate.score_source import open_sources
from raysal.data.labels import labelled_ids
from raysal.data.pool.parts import finished_parts, part_name
from raysal.data.pool.pool import Pool
from raysal.engine.base import Engine
from raysal.engine.build import build_engine
from raysal.engine.jobs import PartReport
from raysal.engine.local.engine import LocalEngine
from raysal.errors import ConfigError, RunError
from raysal.experiment.config import ExperimentConfig, experiment_of
from raysal.experiment.layout import RunLayout
from raysal.experiment.query import read_query
from raysal.experiment.run import run_experiment
from raysal.progress import Silent
from tests.support.faults import Killed, killed_after_each_stage, lives
from tests.support.shallow_network import MOBILENET
from tests.support.tiny_run import queried, tiny
from tests.support.weights import lively_weights

ROUNDS = 3
FAST: dict[str, Any] = {
    "acquisition": {"name": "coreset"},
    "train": {"epochs": 1, "checkpoint": "last"},
    "data": {"train": 24, "val": 0, "test": 2},
    "al": {"initial": 4, "budget": 3, "rounds": ROUNDS, "candidate_ratio": 0.8},
    "engine": {"threads": 1},  # On some processors their number shows in the last digits.
}


class Heard(Silent):
    """Remembers the messages."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def say(self, text: str) -> None:
        self.said.append(text)


def coreset(output: Path, **changes: Any) -> ExperimentConfig:
    output.mkdir(exist_ok=True)
    values = {key: dict(value) for key, value in FAST.items()}
    values["model"] = {**MOBILENET, "weights": str(lively_weights(output))}
    for key, change in changes.items():
        values[key] = {**values.get(key, {}), **change}
    return tiny(output, **values)


def run(config: ExperimentConfig, engine: Callable[..., Engine] = build_engine) -> list[str]:
    """Run to the end; returns the messages."""
    heard = Heard()
    run_experiment(config, lambda: engine(config.engine), heard)
    return heard.said


@pytest.fixture(scope="module")
def calm(tmp_path_factory: pytest.TempPathFactory) -> ExperimentConfig:
    """A run without interruptions."""
    config = coreset(tmp_path_factory.mktemp("calm"))
    run(config)
    return config


def recomputed(config: ExperimentConfig, index: int, budget: int) -> list[tuple[str, float]]:
    """Picks from the score parts of a round; all distances are recomputed, in float64."""
    layout = RunLayout(config.folder)
    scores = layout.round(index).scores
    names = [part_name(unit.name) for unit in Pool.open(str(layout.pool)).units]
    ids, vectors = read_features(str(scores), names)
    labelled = str(scores / "labelled")
    known, centres = read_features(labelled, sorted(finished_parts(labelled)))
    before = [i for folder in layout.label_folders(index) for i in labelled_ids(folder)]
    assert sorted(known) == sorted(set(before))
    assert not set(known) & set(ids)
    around, left, chosen = list(centres.astype(float)), list(range(len(ids))), []
    while left and len(chosen) < budget:
        nearest = [min(np.linalg.norm(vectors[k] - c) for c in around) for k in left]
        best = left.pop(int(np.argmax(nearest)))
        chosen.append((ids[best], max(nearest)))
        around.append(vectors[best].astype(float))
    return chosen


def test_each_round_queries_the_farthest_images(calm: ExperimentConfig) -> None:
    layout = RunLayout(calm.folder)
    for index in range(ROUNDS - 1):
        asks = read_query(layout.round(index).query)
        expected = recomputed(calm, index, 3)
        assert [ask.image_id for ask in asks] == [image_id for image_id, _ in expected]
        assert [ask.score for ask in asks] == pytest.approx([d for _, d in expected], rel=1e-4)
    ids = [image_id for query in queried(calm.folder, ROUNDS) for image_id in query]
    assert len(ids) == len(set(ids)) == 4 + 2 * 3
    labelled = str(layout.round(0).scores / "labelled")
    _, vectors = read_features(labelled, sorted(finished_parts(labelled)))
    assert vectors.shape == (4, 256)


@pytest.mark.slow
def test_killed_between_any_two_stages(calm: ExperimentConfig, tmp_path: Path) -> None:
    config = coreset(tmp_path, al={"rounds": 2})
    with killed_after_each_stage():
        assert lives(lambda: run(config)) == 6 + 3 + 1
    assert queried(config.folder, 2) == queried(calm.folder, 2)


@pytest.mark.slow
def test_killed_while_scoring_labelled_images(calm: ExperimentConfig, tmp_path: Path) -> None:
    """Candidates that have scores are not scored again."""
    config = coreset(tmp_path, al={"rounds": 2})
    scored: list[tuple[str, int]] = []
    killed: set[str] = set()

    class DiesBeforeTheLabelled(LocalEngine):
        def over_pool(self, job: Any, on_part: Callable[[PartReport], None]) -> None:
            if job.out.endswith("labelled") and job.out not in killed:
                killed.add(job.out)
                raise Killed

            def on(report: PartReport) -> None:
                scored.append((job.out, report.images))
                on_part(report)

            super().over_pool(job, on)

    with pytest.raises(Killed):
        run(config, DiesBeforeTheLabelled)
    run(config, DiesBeforeTheLabelled)
    assert len(killed) == 1
    assert queried(config.folder, 2) == queried(calm.folder, 2)
    images = {out: sum(n for o, n in scored if o == out) for out, _ in scored}
    assert sorted(images.values()) == [4, int(0.8 * 20)]


@pytest.mark.slow
@pytest.mark.usefixtures("ray_session")
def test_on_ray(calm: ExperimentConfig, tmp_path: Path) -> None:
    config = coreset(tmp_path, al={"rounds": 2}, engine={"name": "ray", "vectors_per_actor": 10})
    run(config)
    assert queried(config.folder, 2) == queried(calm.folder, 2)


@pytest.mark.slow
def test_a_budget_larger_than_what_is_left(tmp_path: Path) -> None:
    said = run(coreset(tmp_path, al={"budget": 30, "rounds": 2}))
    assert any("the budget is 30 images, but only 20 unlabelled ones are left" in s for s in said)
    assert sorted(map(len, queried(tmp_path / "tiny", 2))) == [4, 20]


@pytest.mark.slow
@pytest.mark.parametrize("reselect", [False, True])
def test_regions_in_a_subset_chosen_by_core_set(tmp_path: Path, reselect: bool) -> None:
    """Core-set chooses the panoptic subset; images with labelled regions are centres."""
    config = coreset(
        tmp_path,
        model={"channel_dropout": 0.25},
        rga={"subset": 4, "w": 16, "passes": 2, "reselect_partial": reselect},
        al={"budget": 1, "candidate_ratio": 1.0},
    )
    run(config)
    layout = RunLayout(config.folder)
    for index in range(ROUNDS - 1):
        asked = {ask.image_id for ask in read_query(layout.round(index).query)}
        if reselect and index:
            assert asked
            continue
        subset = {image_id for image_id, _ in recomputed(config, index, 4)}
        assert asked
        assert asked <= subset


def test_settings(tmp_path: Path) -> None:
    bad = coreset(tmp_path, acquisition={"feature": "asp"})
    with pytest.raises(ConfigError, match=r"acquisition\.feature: .* no stage 'asp'; did you mean"):
        run(bad)
    assert not bad.folder.exists()
    ours = {
        "name": "x",
        "data": {"name": "streets"},
        "preset": "deal-code",
        "acquisition": {"name": "coreset"},
    }
    chosen = experiment_of(ours, "here").acquisition
    assert chosen.needs.features == Features("decoder", "cosine")


def test_selecting_from_the_scores_of_a_round_is_refused(calm: ExperimentConfig) -> None:
    with pytest.raises(RunError, match=r"chosen together \(coreset\)"):
        open_sources([str(RunLayout(calm.folder).round(0).scores)])
