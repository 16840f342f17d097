"""Every network: one epoch of training, evaluation, all strategies, regions and label extension."""

from __future__ import annotations

import os
import signal
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from raysal.acquisition.base import Strategy
from raysal.acquisition.registry import STRATEGIES
from raysal.acquisition.selection.region_parts import read_regions
from raysal.acquisition.selection.score_parts import read_features, read_parts
from raysal.curate.wrap import wrap_model
from raysal.data.labels import read_merged
from raysal.data.pool.candidates import Listed
from raysal.data.pool.parts import finished_parts
from raysal.data.pool.pool import Pool
from raysal.engine.base import Engine
from raysal.engine.build import build_engine
from raysal.engine.config import EngineConfig
from raysal.engine.jobs import EvaluateJob, ExtendJob, RegionJob, ScoreJob
from raysal.engine.workers.score import Scorer
from raysal.errors import CheckpointError
from raysal.models.backbones import BACKBONES
from raysal.models.checkpoint import FILE, load_model
from raysal.models.config import ModelConfig
from raysal.models.networks import NETWORKS
from raysal.regions.config import RegionConfig
from raysal.regions.extend_config import ExtendConfig, Thresholds
from raysal.training.config import TrainConfig
from tests.support.commands import Raysal
from tests.support.drivers import start
from tests.support.exported_network import save_pt2, small
from tests.support.material import IMAGES, SIZE, Material, make_train_job
from tests.support.own_network import SETTINGS
from tests.support.shallow_network import SHALLOW, WIDE

SCORED = frozenset(f"train-{index:06d}" for index in range(20, 23))
LARGE = pytest.mark.slow


def smp(arch: str, encoder: str, **arguments: Any) -> dict[str, Any]:
    return {"name": "smp", "arch": arch, "encoder": encoder, "arguments": arguments}


CASES: dict[str, dict[str, Any]] = {
    **{name: {"name": name} for name in BACKBONES},
    "unet": smp("unet", "resnet18", decoder_channels=[32, 16, 16, 8, 8]),
    "segformer": smp("segformer", "mit_b0"),
    "fpn": smp("fpn", "mobilenet_v2"),
    "upernet": smp("upernet", "tu-mobilenetv3_small_050", decoder_channels=32),
    "dpt": smp(
        "dpt",
        "tu-vit_tiny_patch16_224",
        decoder_intermediate_channels=[16, 16, 16, 16],
        decoder_fusion_channels=16,
    ),
    "python": SETTINGS,
}
QUICK = ("deeplabv3plus_mobilenet_v2", "python")


def test_every_network_is_a_case() -> None:
    """An exported archive, which is not trained, is the last test of this file."""
    trained = {name for name, network in NETWORKS.items() if network.trained}
    assert {case["name"] for case in CASES.values()} == trained - {SHALLOW["name"], WIDE["name"]}
    assert NETWORKS.keys() - trained == {"exported"}


def about_jobs(pool: Pool, model: Path) -> dict[str, Any]:
    """The arguments that jobs over the pool share."""
    return {
        "pool": pool, "model": model, "size": SIZE, "precision": "auto", "seed": 5,
        "round_index": 1, "units": pool.units_of(SCORED),
    }  # fmt: skip


def score_job(about: dict[str, Any], strategy: Strategy, out: Path, material: Material) -> ScoreJob:
    """Scores of all images."""
    return ScoreJob(
        **about,
        out=str(out),
        strategy=strategy,
        candidates=Listed(SCORED),
        features=strategy.needs.stage,
        adversary=material.adversaries.get(strategy.name),
    )


def region_job(about: dict[str, Any], out: Path) -> RegionJob:
    """Regions of all images."""
    out.mkdir()
    # After one epoch, all passes may vote for the same class, but not as surely.
    regions = RegionConfig(subset=3, w=16, passes=2, vote="soft", on_shortfall="overlap")
    return RegionJob(**about, out=str(out), regions=regions, images=SCORED, label_folders=())


@pytest.fixture
def engine() -> Engine:
    return build_engine(EngineConfig(name="local"))


@pytest.mark.parametrize(
    "case", [name if name in QUICK else pytest.param(name, marks=LARGE) for name in CASES]
)
def test_a_network(case: str, material: Material, engine: Engine, tmp_path: Path) -> None:
    settings = {"weights": "none", "channel_dropout": 0.25, **CASES[case]}
    config = ModelConfig.model_validate(settings)
    train = replace(
        make_train_job(material, tmp_path),
        model=config.resolved(frozenset({"difficulty", "rating"}), "six"),
        train=TrainConfig(epochs=1, batch_size=4, checkpoint="last"),
    )
    losses: list[float] = []
    engine.train(train, lambda report: losses.append(report.loss))
    assert np.isfinite(losses).all()
    assert load_model(train.out).config == train.model
    model = train.out / FILE
    test = EvaluateJob(material.dataset, "val", model, "auto")
    assert sum(map(sum, engine.evaluate(test, lambda images: None).confusion)) > 0

    pool = material.pools["one shard"]
    about = about_jobs(pool, model)
    for kind in STRATEGIES:
        counted = {"count": 2} if "count" in kind.model_fields else {}
        strategy = kind.model_validate(counted)
        out = tmp_path / strategy.name
        out.mkdir()
        job = score_job(about, strategy, out, material)
        engine.over_pool(job, lambda report: None)
        rows = list(read_parts(str(out)))
        assert {row.image_id for row in rows} == SCORED
        assert all(row.error is None for row in rows), strategy.name
        if job.features is not None:
            ids, vectors_ND = read_features(str(out), sorted(finished_parts(str(out))))
            assert set(ids) == SCORED
            assert np.isfinite(vectors_ND).all()

    picking = region_job(about, tmp_path / "regions")
    engine.over_pool(picking, lambda report: None)
    assert {pick.image_id for pick in read_regions(str(tmp_path / "regions"))} == SCORED

    (tmp_path / "extended").mkdir()
    labelled = frozenset(read_merged(train.label_folders))
    extending = ExtendJob(
        **{**about, "units": pool.units_of(labelled)},
        out=str(tmp_path / "extended"), extend=ExtendConfig(features="lowlevel"), radius=16,
        thresholds=Thresholds(50.0, 0.6, 0.8), classes=11, images=labelled,
        label_folders=train.label_folders,
    )  # fmt: skip
    engine.over_pool(extending, lambda report: None)
    assert read_merged([tmp_path / "extended"]).keys() == labelled


def test_an_exported_archive(material: Material, engine: Engine, tmp_path: Path) -> None:
    """It is not trained: all that it can serve, and what it refuses."""
    model = wrapped(material, tmp_path)
    test = EvaluateJob(material.dataset, "val", model, "auto")
    assert sum(map(sum, engine.evaluate(test, lambda images: None).confusion)) > 0

    pool = material.pools["many shards"]
    about = about_jobs(pool, model)
    for kind in STRATEGIES:
        strategy, out = kind.model_validate({}), tmp_path / kind.model_fields["name"].default
        out.mkdir()
        job = score_job(about, strategy, out, material)
        if strategy.needs.names <= {"probabilities"}:
            engine.over_pool(job, lambda report: None)
            assert {row.image_id: row.error for row in read_parts(str(out))} == dict.fromkeys(
                SCORED
            )
        else:
            with pytest.raises(CheckpointError, match="exported model gives only class probabil"):
                engine.over_pool(job, lambda report: None)
    with pytest.raises(CheckpointError, match="class probabilities only, and no votes of dropout"):
        engine.over_pool(region_job(about, tmp_path / "regions"), lambda report: None)


@pytest.mark.slow
@pytest.mark.timeout(120)
@pytest.mark.usefixtures("ray_session")
def test_scores_of_an_exported_archive(material: Material, raysal: Raysal, tmp_path: Path) -> None:
    """After a kill, and by the other engine."""
    model, pool = wrapped(material, tmp_path), material.pools["many shards"]
    found = []
    for name, more in (("local", ["engine.score_batch=7"]), ("ray", ["engine.score_actors=1"])):
        out = tmp_path / f"scores of {name}"
        settings = [f"engine.name={name}", *more]
        command = ["score", model, pool.uri, "--acquisition", "entropy", "--out", out]
        command += [part for setting in settings for part in ("--set", setting)]
        if name == "local":
            killed = start(command, tmp_path / "log", partial(die_after, 3))
            assert killed.status(100) == -signal.SIGKILL, killed.output.read_text()
            there = {path: path.stat().st_mtime_ns for path in out.glob("part-*")}
            assert len(there) == 3
        raysal(*command).done(f"scores of {IMAGES} images")
        if name == "local":
            assert {path: path.stat().st_mtime_ns for path in there} == there
        found.append({row.image_id: row.score for row in read_parts(str(out))})
    here, elsewhere = found
    assert len(set(here.values()) - {None}) == IMAGES
    assert elsewhere == pytest.approx(here, rel=1e-5)
    assert sorted(elsewhere, key=elsewhere.__getitem__) == sorted(here, key=here.__getitem__)


def wrapped(material: Material, tmp_path: Path) -> Path:
    """The model folder of an exported archive."""
    archive = save_pt2(tmp_path / "x.pt2", small())
    names = material.dataset.class_names
    return wrap_model(archive, tmp_path / "model", classes=names).folder


def die_after(parts: int) -> None:
    """The process kills itself once it has written some parts."""
    write, written = Scorer.write_rows, []

    def writes(self: Scorer, *unit_and_rows: Any) -> None:
        write(self, *unit_and_rows)
        written.append(unit_and_rows)
        if len(written) == parts:
            os.kill(os.getpid(), signal.SIGKILL)

    Scorer.write_rows = writes  # type: ignore[method-assign]
