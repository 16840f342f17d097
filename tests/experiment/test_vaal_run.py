"""Whole runs of VAAL and TA-VAAL: the adversary stage, resuming it, and scoring with it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from raysal.acquisition.registry import StrategyChoice
from raysal.acquisition.selection.score_parts import picks, read_parts
from raysal.acquisition.strategies.rating import LossPrediction
from raysal.curate.score import score_pool
from raysal.curate.select import select_query
from raysal.engine.build import build_engine
from raysal.engine.config import EngineConfig
from raysal.engine.local.engine import LocalEngine
from raysal.errors import CheckpointError, RunError, TrainingError
from raysal.experiment.config import ExperimentConfig
from raysal.experiment.outcome import Outcome
from raysal.experiment.record import Record
from raysal.experiment.run import run_experiment
from raysal.experiment.stage import draft_of
from raysal.models.adversary import FILE, load_adversary, save_adversary
from raysal.models.checkpoint import load_model
from raysal.progress import Silent
from raysal.training.adversary.job import AdversaryJob
from raysal.training.job import EpochReport
from tests.support.commands import Raysal
from tests.support.damage import reseal_stage
from tests.support.tiny_run import queried, tiny, write_config

ADVERSARY = {"side": 16, "latent": 4, "width": 8, "steps": 10}
both = pytest.mark.parametrize("name", ["vaal", "tavaal"])


def config(output: Path, name: str, **changes: Any) -> ExperimentConfig:
    """Two rounds with one query, and one epoch of training."""
    values: dict[str, Any] = {
        "data": {"val": 0, "test": 2},
        "train": {"epochs": 1, "checkpoint": "last"},
        "al": {"rounds": 2},
        "acquisition": {"name": name, "adversary": ADVERSARY},
    }
    return tiny(output, **{**values, **changes})


def run(experiment: ExperimentConfig, engine: Callable[..., Any] = build_engine) -> Outcome:
    return run_experiment(experiment, lambda: engine(experiment.engine), Silent())


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> dict[str, ExperimentConfig]:
    """A finished run of each strategy."""
    root = tmp_path_factory.mktemp("finished")
    configs = {name: config(root / name, name) for name in ("vaal", "tavaal")}
    for experiment in configs.values():
        assert len(run(experiment).records) == 2
    return configs


def round_of(experiment: ExperimentConfig, index: int = 0) -> Path:
    return experiment.folder / "rounds" / f"{index:03d}"


@both
def test_two_rounds(name: str, finished: dict[str, ExperimentConfig]) -> None:
    here = round_of(finished[name])
    report = json.loads((here / "adversary" / "train.json").read_text())
    assert (report["labelled"], report["unlabelled"], report["steps"]) == (8, 16, 10)
    assert not (round_of(finished[name], 1) / "adversary").exists()
    asked = queried(finished[name].folder, 2)
    assert [len(ids) for ids in asked] == [8, 4]
    scores = dict(picks_of(here))
    assert asked[1] == sorted(scores, key=lambda i: (-round(scores[i], 6), i))[:4]
    assert len(scores) == len(set(scores.values())) == 16
    first, last = (Record.read(round_of(finished[name], i) / "record") for i in (0, 1))
    assert list(first.timings_s)[:4] == ["train", "evaluate", "adversary", "score"]
    assert "adversary" not in last.timings_s
    assert first.strategy == {"vaal": "VAAL", "tavaal": "TA-VAAL"}[name]


def picks_of(folder: Path) -> list[tuple[str, float]]:
    return [(pick.image_id, pick.score) for pick in picks(read_parts(str(folder / "scores")))]


def test_rating_head_of_the_task_model(finished: dict[str, ExperimentConfig]) -> None:
    """No rating head for VAAL; for TA-VAAL one on four stages, with RankNet's loss."""
    models = {name: load_model(round_of(c) / "model") for name, c in finished.items()}
    assert models["vaal"].model.rating is None
    assert models["tavaal"].config.rating_stages == "four"
    kinds = {name: c.resolved_loss.rating.kind for name, c in finished.items()}
    assert kinds == {"vaal": "margin", "tavaal": "ranknet"}


@pytest.mark.slow
def test_loss_prediction_has_four_stages_and_a_margin(tmp_path: Path) -> None:
    experiment = tiny(
        tmp_path, acquisition={"name": "loss_prediction"}, train={"epochs": 1}, al={"rounds": 2}
    )
    assert isinstance(experiment.acquisition, LossPrediction)
    assert experiment.resolved_loss.rating.kind == "margin"
    run(experiment)
    loaded = load_model(round_of(experiment) / "model")
    assert loaded.config.rating_stages == "four"
    assert loaded.model.rating.stages == loaded.model.encoder.rating_stages["four"]
    assert len(picks_of(round_of(experiment))) == 16


class Interrupted(LocalEngine):
    """An engine whose process ends during the training of an adversary."""

    parts = 3

    def train(self, job: Any, on_epoch: Callable[[EpochReport], None]) -> None:
        """As `LocalEngine`."""
        left = self.parts

        def counting(report: EpochReport) -> None:
            nonlocal left
            on_epoch(report)
            left -= 1
            if left == 0 and isinstance(job, AdversaryJob):
                raise KeyboardInterrupt

        super().train(job, counting)


@pytest.mark.parametrize("name", ["vaal", pytest.param("tavaal", marks=pytest.mark.slow)])
def test_interrupted_in_the_stage(
    name: str, finished: dict[str, ExperimentConfig], tmp_path: Path
) -> None:
    experiment = config(tmp_path, name)
    with pytest.raises(KeyboardInterrupt):
        run(experiment, Interrupted)
    draft = draft_of(round_of(experiment) / "adversary")
    assert {path.name for path in draft.iterdir()} == {"last.pt"}
    seen: list[int] = []

    class Noting(LocalEngine):
        def train(self, job: Any, on_epoch: Callable[[EpochReport], None]) -> None:
            def noting(report: EpochReport) -> None:
                on_epoch(report)
                if isinstance(job, AdversaryJob):
                    seen.append(report.epoch)

            super().train(job, noting)

    run(experiment, Noting)
    assert seen == list(range(4, 11))
    assert queried(experiment.folder, 2) == queried(finished[name].folder, 2)
    assert picks_of(round_of(experiment)) == picks_of(round_of(finished[name]))


@pytest.mark.slow
def test_with_regions(tmp_path: Path) -> None:
    experiment = config(
        tmp_path,
        "vaal",
        rga={"w": 16, "subset": 8, "passes": 2},
        model={"channel_dropout": 0.25},
        al={"rounds": 2, "budget": 1},
    )
    assert experiment.strategy_label.startswith("VAAL_R")
    record = run(experiment).records[0]
    assert record.queried is not None
    assert record.queried.regions == 12
    assert "adversary" in record.timings_s


@pytest.mark.slow
def test_until_nothing_is_left(tmp_path: Path) -> None:
    """The last query takes all images left; the round after it trains no adversary."""
    experiment = config(
        tmp_path,
        "vaal",
        data={"train": 14, "val": 0, "test": 2},
        al={"rounds": 5, "budget": 3, "initial": 8, "candidate_ratio": 1.0},
    )
    outcome = run(experiment)
    assert outcome.stop is not None
    assert "all 14 images of the pool are labelled" in outcome.stop.reason
    assert [record.labelled.images for record in outcome.records] == [8, 11, 14]
    assert not (round_of(experiment, 2) / "adversary").exists()


def test_a_loss_that_is_not_finite_ends_the_run(tmp_path: Path, raysal: Raysal) -> None:
    adversary = {**ADVERSARY, "lr": 1e25}
    absurd = config(tmp_path, "vaal", acquisition={"name": "vaal", "adversary": adversary})
    path = write_config(tmp_path / "absurd.yaml", absurd)
    raysal("run", path).refused("a lower acquisition.adversary.lr (1e+25)")
    with pytest.raises(TrainingError, match="no longer finite in step"):
        run(absurd)


# --- Without a loop -----------------------------------------------------------------------------


def score(experiment: ExperimentConfig, out: Path, name: str, model: Path | None = None) -> Any:
    strategy = StrategyChoice.model_validate({"acquisition": {"name": name}}).acquisition
    local = EngineConfig(name="local")
    return score_pool(
        model or round_of(experiment) / "model",
        str(experiment.folder / "pool"),
        strategy,
        str(out),
        lambda: build_engine(local),
        Silent(),
        show=100,
    )


@both
def test_scoring_with_the_adversary_of_a_round(
    name: str, finished: dict[str, ExperimentConfig], tmp_path: Path
) -> None:
    experiment = finished[name]
    result = score(experiment, tmp_path / "s", name)
    assert result.images == 40
    again = {pick.image_id: pick.score for pick in result.best}
    for image_id, value in picks_of(round_of(experiment)):
        assert again[image_id] == pytest.approx(value, abs=1e-4)
    by_file = round_of(experiment) / "model" / "model.pt"
    assert score(experiment, tmp_path / "s", name, by_file).new == 0
    query = select_query([str(tmp_path / "s")], 3, "images", tmp_path / "q", Silent())
    assert len(query.asks) == 3
    of_round = str(round_of(experiment) / "scores")
    asked = [
        ask.image_id for ask in select_query([of_round], 4, "images", tmp_path / "r", Silent()).asks
    ]
    assert asked == queried(experiment.folder, 2)[1]


def test_scoring_from_inside_a_model_folder(
    finished: dict[str, ExperimentConfig], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(round_of(finished["vaal"]) / "model")
    assert score(finished["vaal"], tmp_path / "s", "vaal", Path()).images == 40


def test_another_adversary_is_another_score(
    finished: dict[str, ExperimentConfig], tmp_path: Path
) -> None:
    """The same task model with two adversaries."""
    for copy in "ab":
        for stage in ("model", "adversary"):
            shutil.copytree(round_of(finished["vaal"]) / stage, tmp_path / copy / stage)
    other = load_adversary(tmp_path / "b" / "adversary")
    with torch.no_grad():
        other.discriminator.layers[0].bias[0] += 1
    save_adversary(tmp_path / "b" / "adversary" / FILE, other)
    reseal_stage(tmp_path / "b" / "adversary")
    score(finished["vaal"], tmp_path / "s", "vaal", tmp_path / "a" / "model")
    with pytest.raises(RunError, match="score folder of another model"):
        score(finished["vaal"], tmp_path / "s", "vaal", tmp_path / "b" / "model")


def test_a_model_without_an_adversary(
    finished: dict[str, ExperimentConfig], tmp_path: Path
) -> None:
    """The last round has no adversary, and one of another strategy cannot be used."""
    for name, model, words in (
        ("vaal", round_of(finished["vaal"], 1) / "model", "reads an adversary, but there is none"),
        ("vaal", round_of(finished["tavaal"]) / "model", "was not trained for strategy 'vaal'"),
        ("tavaal", round_of(finished["vaal"]) / "model", "trained without a rating branch"),
    ):
        with pytest.raises(CheckpointError, match=words) as caught:
            score(finished["vaal"], tmp_path / "s", name, model)
        assert "\n" not in str(caught.value)
    assert not (tmp_path / "s").exists()
