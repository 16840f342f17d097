"""`raysal score` and `raysal select --start` with vectors of an encoder apart from the model."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from raysal.acquisition.selection.score_parts import read_features, read_parts
from raysal.acquisition.strategies.uncertainty import Entropy
from raysal.curate.diversity import Diversity
from raysal.curate.score import PoolScores, score_pool
from raysal.curate.select import select_query
from raysal.curate.start import FEATURES, select_start
from raysal.curate.start_settings import StartSettings
from raysal.data.pool.parts import finished_parts
from raysal.engine.build import build_engine
from raysal.engine.config import EngineConfig
from raysal.engine.jobs import PartReport
from raysal.engine.local.engine import LocalEngine
from raysal.errors import RunError
from raysal.experiment.query import read_query
from raysal.models.feature_config import FeatureConfig
from tests.support.commands import Raysal
from tests.support.faults import Killed
from tests.support.material import IMAGES, SIZE, Material
from tests.support.score_folders import Said

VIT = FeatureConfig(encoder="test_vit", weights="none", size=SIZE)
Score = Callable[..., PoolScores]


def here() -> Any:
    return build_engine(EngineConfig(name="local"))


def none() -> Any:
    raise AssertionError("all is there")


@pytest.fixture(scope="module")
def score(material: Material) -> Score:
    def call(out: Path, engine: Callable[[], Any] = here, **options: Any) -> PoolScores:
        options = {"features": VIT, **options}
        pool = material.pools["one shard"].uri
        return score_pool(
            material.shallow, pool, Entropy(), str(out), engine, Said(), show=3, **options
        )

    return call


@pytest.fixture(scope="module")
def scored(score: Score, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Scores by the model with vectors of the encoder."""
    out = tmp_path_factory.mktemp("scored") / "scores"
    assert score(out).images == IMAGES
    return out


def vectors(folder: Path) -> dict[str, np.ndarray]:
    ids, vectors_ND = read_features(str(folder), sorted(finished_parts(str(folder))))
    return dict(zip(ids, vectors_ND, strict=True))


def test_scores_are_the_model_s_and_vectors_the_encoder_s(
    score: Score, scored: Path, tmp_path: Path
) -> None:
    score(tmp_path / "plain", features=None)
    plain = {row.image_id: row.score for row in read_parts(str(tmp_path / "plain"))}
    assert {row.image_id: row.score for row in read_parts(str(scored))} == plain
    assert {vector.shape for vector in vectors(scored).values()} == {(64,)}
    assert not list(scored.glob("*.pt"))
    assert score(scored, none).new == 0, "a repeated request is answered from disk"


def test_vectors_of_two_encoders_are_not_mixed(score: Score, scored: Path, tmp_path: Path) -> None:
    for other in (
        VIT.model_copy(update={"pool": "mean"}),
        FeatureConfig(encoder="test_resnet", weights="none"),
        "aspp",
    ):
        with pytest.raises(RunError, match="holds scores of another features; write to another"):
            score(scored, none, features=other)
    score(tmp_path / "seed", seed=1)  # Of the encoder's random weights.
    both = [str(scored), str(tmp_path / "seed")]
    with pytest.raises(RunError, match=r"different stages or encoders \(tu-test_vit:"):
        select_query(
            both, 2, "images", tmp_path / "q", Said(), diversity=Diversity(min_distance=0.01)
        )


def test_minimum_distance(scored: Path, tmp_path: Path) -> None:
    of = vectors(scored)

    def distance(one: str, other: str) -> float:
        a, b = of[one].astype(float), of[other].astype(float)
        return float(1 - a @ b / np.linalg.norm(a) / np.linalg.norm(b))

    ids = sorted(of)
    pairs = sorted(distance(a, b) for i, a in enumerate(ids) for b in ids[:i])
    least = pairs[len(pairs) // 2]
    kept_apart = Diversity(min_distance=least)
    select_query([str(scored)], 10, "images", tmp_path / "q", Said(), diversity=kept_apart)
    chosen = [ask.image_id for ask in read_query(tmp_path / "q")]
    assert 1 < len(chosen) < 10
    assert min(distance(a, b) for i, a in enumerate(chosen) for b in chosen[:i]) >= least - 1e-6


def test_resumed_after_a_kill(score: Score, scored: Path, tmp_path: Path) -> None:
    computed: list[int] = []

    class Dies(LocalEngine):
        def over_pool(self, job: Any, on_part: Callable[[PartReport], None]) -> None:
            def on(report: PartReport) -> None:
                computed.append(report.images)
                if len(computed) == 2:
                    raise Killed
                on_part(report)

            super().over_pool(job, on)

    def again() -> PoolScores:
        return score(tmp_path / "s", lambda: Dies(EngineConfig(name="local")))

    with pytest.raises(Killed):
        again()
    again()
    assert sum(computed) == IMAGES
    ours, theirs = vectors(tmp_path / "s"), vectors(scored)
    assert ours.keys() == theirs.keys()
    assert all(np.allclose(ours[i], theirs[i], atol=1e-5) for i in ours)


def test_first_images(material: Material, scored: Path, tmp_path: Path) -> None:
    """By the encoder alone: the settings of the network do not matter."""
    settings = StartSettings.model_validate(
        {"size": SIZE, "features": VIT.dump(), "model": {"name": "smp", "arch": "unet",
         "encoder": "absent"}}
    )  # fmt: skip
    heard = Said()
    out = tmp_path / "q"
    pool = material.pools["many shards"].uri
    select_start([pool], "typical", 5, "images", out, settings, here, heard)
    assert heard.lines == ["features of an encoder with random weights (features.weights=none)"]
    ours, theirs = vectors(out / FEATURES), vectors(scored)
    assert ours.keys() == theirs.keys()
    assert all(np.allclose(ours[i], theirs[i], atol=1e-5) for i in ours)
    names = {path.name for path in out.iterdir()}
    assert names == {"query.parquet", "selection.json", "images.txt", FEATURES}
    select_start([pool], "typical", 5, "images", out, settings, none, heard)
    again = tmp_path / "again"
    select_start([str(scored)], "typical", 5, "images", again, StartSettings(), none, Said())
    assert [a.image_id for a in read_query(again)] == [a.image_id for a in read_query(out)]


def test_the_commands(raysal: Raysal, material: Material, tmp_path: Path) -> None:
    pool, local = material.pools["one shard"].uri, ("--set", "engine.name=local")
    raysal(
        "score", material.shallow, pool, "--acquisition", "random", "--out", tmp_path / "s", *local,
        "--limit", 5, "--features", "tu-test_resnet", "--set", "features.weights=none",
    ).done("scores of 5 images")  # fmt: skip
    assert {vector.shape for vector in vectors(tmp_path / "s").values()} == {(96,)}
    raysal(
        "select", pool, "--start", "coverage", "--budget", 3, "--out", tmp_path / "q", *local,
        "--set", "features.encoder=test_vit", "--set", "features.weights=none", "--set",
        "size=[32,48]",
    ).done("3 images chosen")  # fmt: skip
    raysal(
        "select", pool, "--start", "coverage", "--budget", 3, "--out", tmp_path / "q2", *local,
        "--set", "features.encoder=test_vut",
    ).refused("features.encoder: timm has no 'test_vut'; did you mean 'test_vit")  # fmt: skip
