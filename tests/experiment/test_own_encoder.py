"""Runs whose images are compared by an encoder of its own: its vectors, resume, mistakes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import timm
import torch

from raysal.acquisition.selection.cold_start import first_images
from raysal.acquisition.selection.score_parts import read_features
from raysal.data.pool.parts import finished_parts
from raysal.engine.base import Engine
from raysal.engine.build import build_engine
from raysal.engine.jobs import PartReport
from raysal.engine.local.engine import LocalEngine
from raysal.errors import ConfigError
from raysal.experiment.check import check_files
from raysal.experiment.config import ExperimentConfig
from raysal.experiment.layout import RunLayout
from raysal.experiment.own_encoder import EncoderRecord
from raysal.experiment.run import run_experiment
from raysal.inference.predict import run_up_to, to_tensor
from raysal.models.feature_encoder import FeatureEncoder, build_encoder
from raysal.progress import Silent
from tests.support.faults import Killed
from tests.support.shallow_network import MOBILENET
from tests.support.tiny_run import queried, tiny

ROUNDS = 2
VIT: dict[str, Any] = {"encoder": "tu-test_vit", "weights": "none", "size": [48, 64]}


class Heard(Silent):
    def __init__(self) -> None:
        self.said: list[str] = []

    def say(self, text: str) -> None:
        self.said.append(text)


def config(output: Path, **changes: Any) -> ExperimentConfig:
    """Typical images first, then core-set, both by a small vision transformer."""
    values: dict[str, Any] = {
        "acquisition": {"name": "coreset"},
        "features": VIT,
        "train": {"epochs": 1, "checkpoint": "last", "precision": "fp32"},
        "data": {"train": 24, "val": 0, "test": 2},
        "al": {"initial": 4, "budget": 3, "rounds": ROUNDS, "start": "typical"},
        "engine": {"threads": 1},
    }
    for key, change in changes.items():
        values[key] = {**values.get(key, {}), **change}
    return tiny(output, **values)


def run(experiment: ExperimentConfig, engine: Callable[..., Engine] = build_engine) -> list[str]:
    """Run to the end; returns the messages."""
    heard = Heard()
    run_experiment(experiment, lambda: engine(experiment.engine), heard)
    return heard.said


def encoder_of(experiment: ExperimentConfig) -> FeatureEncoder:
    assert experiment.features is not None
    data = experiment.data
    return build_encoder(experiment.features, experiment.seed, data.pixels, data.size)


def features(folder: Path) -> tuple[list[str], np.ndarray]:
    return read_features(str(folder), sorted(finished_parts(str(folder))))


def weights(folder: Path, seed: int) -> str:
    """A weight file of the encoder, as timm writes it, with a classifier."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        torch.save(timm.create_model("test_vit", num_classes=7).state_dict(), folder / "vit.pth")
    return str(folder / "vit.pth")


@pytest.fixture(scope="module")
def calm(tmp_path_factory: pytest.TempPathFactory) -> tuple[ExperimentConfig, list[str]]:
    """A run without interruptions, and its messages."""
    experiment = config(tmp_path_factory.mktemp("calm"))
    return experiment, run(experiment)


def test_images_are_compared_by_the_encoder(calm: tuple[ExperimentConfig, list[str]]) -> None:
    experiment, said = calm
    layout, encoder = RunLayout(experiment.folder), encoder_of(experiment)
    ids, vectors = features(layout.initial.features)
    items = {item.image_id: item for item in experiment.data.items("train")}
    run_up_to(encoder, to_tensor([experiment.data.image(items[i]) for i in ids[:3]]), "fp32")
    assert vectors[:3] == pytest.approx(encoder.vectors_BD.numpy(), rel=1e-3, abs=1e-5)

    first, second = queried(experiment.folder, ROUNDS)
    expected = first_images("typical", ids, vectors, (), 4, experiment.seed)
    assert first == [pick.image_id for pick in expected]
    assert (
        "al.start=typical: features of an encoder with random weights (features.weights=none)"
        in said
    )

    of = dict(zip(ids, vectors.astype(float), strict=True))
    scores = layout.round(0).scores
    candidates, again = features(scores)
    assert np.array_equal(again, np.array([of[i] for i in candidates], np.float32))
    around, left = [of[i] for i in first], list(candidates)
    for image_id in second:
        distance = {i: min(float(np.linalg.norm(of[i] - c)) for c in around) for i in left}
        assert image_id == max(left, key=lambda i: distance[i])
        around.append(of[image_id])
        left.remove(image_id)
    for stage in (layout.initial.features, scores):
        assert EncoderRecord.read(stage).encoder == encoder.label
        assert not list(stage.rglob("*.pt")), "weights are not kept"
    assert experiment.strategy_label == "Core-set (tu-test_vit)"


def test_workers_do_not_load_the_trained_network(tmp_path: Path) -> None:
    models: list[Path | None] = []

    class Notes(LocalEngine):
        def over_pool(self, job: Any, on_part: Callable[[PartReport], None]) -> None:
            models.append(job.model)
            super().over_pool(job, on_part)

    run(config(tmp_path, al={"start": "random"}), Notes)
    assert models == [None, None]


class Dies(LocalEngine):
    """Is killed once, after some parts."""

    parts = 0
    after = 0

    def over_pool(self, job: Any, on_part: Callable[[PartReport], None]) -> None:
        def on(report: PartReport) -> None:
            Dies.parts += 1
            if Dies.parts == Dies.after:
                raise Killed
            on_part(report)

        super().over_pool(job, on)


@pytest.mark.parametrize("after", [1, 2, 3])
def test_killed(after: int, calm: tuple[ExperimentConfig, list[str]], tmp_path: Path) -> None:
    """While the first features are made, those of candidates, and those of labelled images."""
    Dies.parts, Dies.after = 0, after
    experiment = config(tmp_path)
    with pytest.raises(Killed):
        run(experiment, Dies)
    run(experiment, Dies)
    assert Dies.parts == 3, "no part is made twice"
    assert queried(experiment.folder, ROUNDS) == queried(calm[0].folder, ROUNDS)


def test_weights_that_changed_are_not_mixed(tmp_path: Path) -> None:
    own = {**VIT, "weights": weights(tmp_path, 1), "size": None}
    experiment = config(tmp_path, features=own, al={"rounds": 1})
    Dies.parts, Dies.after = 0, 1
    with pytest.raises(Killed):
        run(experiment, Dies)
    weights(tmp_path, 2)
    said = run(experiment, Dies)
    assert "features.weights has changed since this was begun: all features are made anew" in said
    assert Dies.parts == 2
    ids, vectors = features(RunLayout(experiment.folder).initial.features)
    items = {item.image_id: item for item in experiment.data.items("train")}
    encoder = encoder_of(experiment)
    run_up_to(encoder, to_tensor([experiment.data.image(items[ids[0]])]), "fp32")
    assert vectors[:1] == pytest.approx(encoder.vectors_BD.numpy(), rel=1e-3, abs=1e-5)


@pytest.mark.slow
@pytest.mark.usefixtures("ray_session")
def test_on_ray(calm: tuple[ExperimentConfig, list[str]], tmp_path: Path) -> None:
    """With another network, which changes nothing."""
    engine = {"name": "ray", "vectors_per_actor": 10}
    experiment = config(tmp_path, engine=engine, model=MOBILENET)
    run(experiment)
    assert queried(experiment.folder, ROUNDS) == queried(calm[0].folder, ROUNDS)
    for stage in ("initial", "rounds/000"):
        places = [e.folder / stage for e in (experiment, calm[0])]
        name = "features" if stage == "initial" else "scores"
        (ids, ours), (others, theirs) = (features(place / name) for place in places)
        assert ids == others
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-5)


def test_mistakes(tmp_path: Path) -> None:
    line = r"acquisition\.feature=decoder is a layer of the network, but features names an encoder"
    with pytest.raises(ValueError, match=line):
        config(tmp_path, acquisition={"feature": "decoder"})
    absent = config(tmp_path, features={"weights": "absent.pth"})
    with pytest.raises(ConfigError, match=r"features\.weights: no file '.*absent\.pth'"):
        check_files([absent])
    unknown = config(tmp_path, features={"encoder": "test_vut"})
    with pytest.raises(ConfigError, match=r"timm has no 'test_vut'; did you mean 'test_vit[0-9]?'"):
        run(unknown)
    assert not unknown.folder.exists()
    ignored = config(
        tmp_path, features={"encoder": "x"}, acquisition={"name": "ds"}, al={"start": "random"}
    )
    check_files([ignored])
    assert ignored.encoder is None
