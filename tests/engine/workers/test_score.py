"""Scores that still hold are kept; only what is missing is scored."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from raysal.acquisition.selection.score_parts import Scored, read_parts, read_unit, write_part
from raysal.acquisition.strategies.difficulty import DifficultyScore
from raysal.acquisition.strategies.random import Random
from raysal.data.decode import decode_image
from raysal.data.pool.candidates import Candidates, draw_candidates, first_candidates
from raysal.data.pool.parts import part_name
from raysal.data.pool.pool import Pool
from raysal.data.pool.reader import PoolReader
from raysal.engine.build import build_engine
from raysal.engine.config import EngineConfig
from raysal.engine.jobs import PartReport, ScoreJob
from raysal.errors import ConfigError
from raysal.inference.predict import normalise, predict, run_up_to, to_tensor
from raysal.models.checkpoint import load_model
from raysal.models.features import PooledFeatures
from tests.support.material import IMAGES, SIZE, Material
from tests.support.tallied_score import TalliedScore, Tally

# One at a time: the order of sums, and so the last digits, depend on what is in a batch.
LOCAL = EngineConfig(name="local", score_batch=1)


def job(material: Material, out: Path, **changes: Any) -> ScoreJob:
    pool = changes.pop("pool", material.pools["one shard"])
    values = {
        "pool": pool, "model": material.shallow, "strategy": DifficultyScore(),
        "candidates": Candidates((0, 0), None, frozenset(), pool.images), "out": str(out),
        "size": SIZE, "precision": "fp32", "seed": 0, "round_index": 0, "units": None,
    }  # fmt: skip
    out.mkdir(exist_ok=True)
    return ScoreJob(**(values | changes))


def run(job: ScoreJob, engine: EngineConfig = LOCAL) -> tuple[int, int]:
    """How many images were scored, and how many were kept."""
    reports: list[PartReport] = []
    running = build_engine(engine)
    running.over_pool(job, reports.append)
    running.close()
    return sum(r.images for r in reports), sum(r.kept for r in reports)


def parts(out: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(out.glob("part-*"))}


@pytest.fixture
def tally(tmp_path: Path) -> Tally:
    """Which images go through the network."""
    (tmp_path / "tally").mkdir()
    return Tally(tmp_path / "tally")


@pytest.fixture(scope="module", params=["ds", "random"])
def at_once(
    request: pytest.FixtureRequest, material: Material, tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, dict[str, bytes]]:
    """A strategy, and the parts that it leaves when all is scored at once."""
    out = tmp_path_factory.mktemp("at_once")
    strategy = DifficultyScore() if request.param == "ds" else Random()
    model = material.shallow if strategy.needs.names else None
    assert run(job(material, out, strategy=strategy, model=model)) == (IMAGES, 0)
    return request.param, parts(out)


@pytest.fixture
def whole(
    at_once: tuple[str, dict[str, bytes]], material: Material, tally: Tally, tmp_path: Path
) -> tuple[ScoreJob, dict[str, bytes]]:
    """A job with a folder of its own, and the parts that it leaves when done at once."""
    name, expected = at_once
    strategy = TalliedScore(tally=str(tally.folder)) if name == "ds" else Random()
    model = material.shallow if name == "ds" else None
    return job(material, tmp_path / "out", strategy=strategy, model=model), expected


def test_parts_say_which_content_was_scored(material: Material, tmp_path: Path) -> None:
    pool = material.pools["one shard"]
    run(job(material, tmp_path / "s"))
    hashes = {i: h for unit in pool.units for i, h in PoolReader(pool).hashes(unit).items()}
    assert {row.image_id: row.content_hash for row in read_parts(str(tmp_path / "s"))} == hashes
    assert all(row.vector is None for row in read_unit(str(tmp_path / "s"), pool.units[0].name))


def test_more_images_are_added_and_none_is_scored_again(
    whole: tuple[ScoreJob, dict[str, bytes]],
) -> None:
    """The end is byte for byte the same as scoring all at once."""
    job, at_once = whole
    small, few = first_candidates(job.pool, job.candidates, 21)
    assert run(replace(job, pool=small, candidates=few)) == (21, 0)
    assert run(replace(job, recheck=True)) == (IMAGES - 21, 21)
    assert parts(Path(job.out)) == at_once
    assert run(replace(job, recheck=True)) == (0, IMAGES)
    assert parts(Path(job.out)) == at_once


def test_other_candidates_are_added_in_pool_order(
    whole: tuple[ScoreJob, dict[str, bytes]],
) -> None:
    job, at_once = whole
    some = draw_candidates(job.pool, (), 0.4, seed=3, round_index=0)
    assert run(replace(job, candidates=some)) == (18, 0)
    assert run(replace(job, recheck=True)) == (IMAGES - 18, 18)
    assert parts(Path(job.out)) == at_once


def test_what_is_not_asked_for_any_more_stays(whole: tuple[ScoreJob, dict[str, bytes]]) -> None:
    job, at_once = whole
    run(job)
    some = draw_candidates(job.pool, (), 0.4, seed=3, round_index=0)
    assert run(replace(job, candidates=some, recheck=True)) == (0, 18)
    assert parts(Path(job.out)) == at_once


def test_only_what_a_part_lacks(whole: tuple[ScoreJob, dict[str, bytes]], tally: Tally) -> None:
    """A lost part, a row that is missing, an image whose content is another, one that is gone."""
    job, at_once = whole
    run(job)
    first, second, third = (unit.name for unit in job.pool.units)
    (Path(job.out) / part_name(first)).unlink()
    rows = read_unit(job.out, second)
    changed, dropped = rows[2], rows[5]
    rows[2] = replace(changed, score=99.0, content_hash="of another image")
    rows.remove(dropped)
    rows.append(Scored("gone", 99.0, None, "of an image that is no longer there"))
    write_part(job.out, second, rows)
    untouched = (Path(job.out) / part_name(third)).stat().st_mtime_ns
    tally.clear()
    assert run(replace(job, recheck=True)) == (16 + 2, 14 + 13)
    assert parts(Path(job.out)) == at_once
    assert (Path(job.out) / part_name(third)).stat().st_mtime_ns == untouched
    if job.model is not None:
        ids = list(PoolReader(job.pool).hashes(job.pool.units[0]))
        assert tally.ids() == [*ids, changed.image_id, dropped.image_id]


def test_without_recheck_a_part_is_complete(material: Material, tmp_path: Path) -> None:
    """The loop's case: one listing of names, no part is opened."""
    done = job(material, tmp_path / "s")
    for unit in done.pool.units[:2]:
        write_part(done.out, unit.name, [])
    assert [unit.row_group for unit in done.missing_units()] == [2]
    assert len(replace(done, recheck=True).missing_units()) == 3


LENGTHS = {"c24": 24, "c32": 32, "c64": 64, "c96": 96, "c160": 160, "c320": 320,
           "aspp": 256, "decoder": 304}  # fmt: skip


@pytest.mark.parametrize("stage", LENGTHS)
def test_features_are_the_stage_s_average(stage: str, material: Material, tmp_path: Path) -> None:
    pool = material.pools["one shard"].first(5)
    run(job(material, tmp_path / "s", pool=pool, features=stage, model=material.model))
    model = load_model(material.model).model
    assert model.layers() == LENGTHS
    for row, scored in zip(
        PoolReader(pool).read(pool.units[0]),
        read_unit(str(tmp_path / "s"), pool.units[0].name),
        strict=True,
    ):
        image = normalise(to_tensor([decode_image(row.data, SIZE)]))
        with torch.inference_mode():
            encoded = model.encoder(image)
            layers = {
                **encoded,
                "aspp": model.aspp(encoded["c320"]),
                "decoder": model.decoder_input(encoded["c320"], encoded["c24"]),
            }
        expected = layers[stage].double().mean((0, 2, 3)).numpy()
        assert scored.vector is not None
        assert len(scored.vector) == LENGTHS[stage]
        np.testing.assert_allclose(scored.vector, expected, rtol=1e-4, atol=1e-5)


def test_features_of_a_strategy_that_needs_no_model(material: Material, tmp_path: Path) -> None:
    pool = material.pools["one shard"].first(4)
    run(job(material, tmp_path / "s", pool=pool, strategy=Random(), features="s16"))
    run(job(material, tmp_path / "plain", pool=pool, strategy=Random(), model=None))
    unit = pool.units[0].name
    with_vectors = read_unit(str(tmp_path / "s"), unit)
    assert [replace(row, vector=None) for row in with_vectors] == read_unit(
        str(tmp_path / "plain"), unit
    )
    assert {len(row.vector or ()) for row in with_vectors} == {32}


def test_listening_changes_no_prediction(material: Material) -> None:
    pool = material.pools["one shard"]
    images = to_tensor(
        [decode_image(r.data, SIZE) for r in PoolReader(pool).read(pool.units[2])[:2]]
    )
    plain = predict(load_model(material.model).model, images)
    model = load_model(material.model).model
    listening = PooledFeatures(model, "decoder")
    heard = predict(model, images)
    assert torch.equal(plain.probabilities_BCHW, heard.probabilities_BCHW)
    assert listening.vectors_BD.shape == (2, 304)
    assert listening.vectors_BD.dtype == torch.float32


@pytest.mark.parametrize("stage", ["c24", "c320", "aspp", "decoder"])
def test_features_alone_are_those_of_a_whole_pass(material: Material, stage: str) -> None:
    pool = material.pools["one shard"]
    images = to_tensor(
        [decode_image(r.data, SIZE) for r in PoolReader(pool).read(pool.units[2])[:2]]
    )
    model = load_model(material.model).model
    features = PooledFeatures(model, stage)
    predict(model, images)
    whole = features.vectors_BD
    ended: list[bool] = []
    model.classify.register_forward_hook(lambda *_: ended.append(True))
    run_up_to(features, images)
    assert torch.equal(features.vectors_BD, whole)
    assert not ended


def test_unknown_stage(material: Material) -> None:
    with pytest.raises(ConfigError, match=r"features: no stage 'asp'; did you mean 'aspp'\?"):
        PooledFeatures(load_model(material.model).model, "asp")


def test_first_part_of_a_pool_reads_as_a_pool(material: Material) -> None:
    """`Pool.first` in both divisions into units."""
    for pool in material.pools.values():
        ids = list(pool.ids())
        for images in (1, 16, 17, IMAGES, IMAGES + 1):
            first: Pool = pool.first(images)
            assert list(first.ids()) == ids[:images]
            assert first.images == min(images, IMAGES) == sum(u.rows for u in first.units)
            read = [row.image_id for unit in first.units for row in PoolReader(first).read(unit)]
            assert read == ids[:images]
            assert [u.name for u in first.units] == [u.name for u in pool.units][: len(first.units)]


def test_limits_are_nested(material: Material) -> None:
    pool = material.pools["many shards"]
    drawn = draw_candidates(pool, (), 0.5, seed=1, round_index=0)
    before: list[str] = []
    for limit in (1, 5, 13, 22, 40):
        part, candidates = first_candidates(pool, drawn, limit)
        ids = [i for i in part.ids() if i in candidates]
        assert len(ids) == candidates.count == min(limit, 22)
        assert ids[: len(before)] == before
        before = ids
    assert before == [i for i in pool.ids() if i in drawn]
