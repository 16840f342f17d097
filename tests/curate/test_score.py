"""Scoring a pool: answers from disk, additional images, and refused requests."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from raysal.acquisition.base import Strategy
from raysal.acquisition.selection.score_parts import read_parts
from raysal.acquisition.strategies.difficulty import DifficultyScore
from raysal.acquisition.strategies.random import Random
from raysal.acquisition.strategies.uncertainty import Entropy
from raysal.curate.score import PoolScores, score_pool
from raysal.curate.score_folder import FILE
from raysal.data.decode import encode_jpeg
from raysal.data.pool.candidates import draw_candidates
from raysal.data.pool.layout import MANIFEST
from raysal.data.pool.pool import Pool
from raysal.data.pool.sources import Source
from raysal.data.pool.writer import write_pool
from raysal.engine.build import build_engine
from raysal.engine.config import EngineConfig
from raysal.errors import BadImagesError, ConfigError, RunError
from raysal.models.build import build_model
from raysal.models.checkpoint import FILE as MODEL_FILE
from raysal.models.checkpoint import save_model
from raysal.models.config import ModelConfig
from raysal.progress import Silent
from tests.support.material import IMAGES, SIZE, Material
from tests.support.shallow_network import SHALLOW
from tests.support.tallied_score import TalliedScore, Tally

Score = Callable[..., PoolScores]


class Seen(Silent):
    """Counts the engines that are started, and the steps of progress."""

    def __init__(self) -> None:
        self.engines = 0
        self.total: int | None = None
        self.done = 0

    def engine(self) -> Any:
        self.engines += 1
        return build_engine(EngineConfig(name="local", score_batch=8))

    def start(self, what: str, total: int | None) -> None:
        self.total, self.done = total, 0

    def advance(self, steps: int, note: str = "") -> None:
        self.done += steps


@pytest.fixture
def seen() -> Seen:
    return Seen()


@pytest.fixture
def tally(tmp_path: Path) -> Tally:
    """Records which images are scored by the network."""
    (tmp_path / "tally").mkdir()
    return Tally(tmp_path / "tally")


@pytest.fixture
def score(material: Material, seen: Seen, tally: Tally, tmp_path: Path) -> Score:
    def call(
        strategy: Strategy | None = None,
        *,
        pool: str | None = None,
        model: Path | None = None,
        **options: Any,
    ) -> PoolScores:
        where = material.pools["one shard"].uri if pool is None else pool
        strategy = strategy or TalliedScore(tally=str(tally.folder))
        out = str(tmp_path / "scores")
        return score_pool(
            model or material.shallow, where, strategy, out, seen.engine, seen, **options
        )

    return call


def parts(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.glob("part-*"))}


def other_model(folder: Path, material: Material) -> Path:
    folder.mkdir()
    config = ModelConfig(**SHALLOW).resolved(frozenset({"difficulty"}))
    model = build_model(config, 11, seed=4)
    dataset = material.dataset
    save_model(folder / MODEL_FILE, model, dataset.class_names, dataset.palette, SIZE)
    return folder


def test_a_repeated_request_starts_nothing(
    score: Score, seen: Seen, tally: Tally, tmp_path: Path
) -> None:
    first = score()
    assert (first.images, first.new, len(tally.ids()), seen.engines) == (IMAGES, IMAGES, IMAGES, 1)
    assert (seen.total, seen.done) == (IMAGES, IMAGES)
    written = {p.name: p.stat().st_mtime_ns for p in (tmp_path / "scores").glob("[ps]*")}
    assert len(written) == 3 + 2
    again = score()
    assert (again.images, again.new, len(tally.ids()), seen.engines) == (IMAGES, 0, IMAGES, 1)
    assert again.best == first.best
    assert written == {p.name: p.stat().st_mtime_ns for p in (tmp_path / "scores").glob("[ps]*")}


def test_showing_none_of_the_best(score: Score) -> None:
    result = score(show=0)
    assert (result.images, result.best) == (IMAGES, [])


def test_a_smaller_limit_starts_nothing(score: Score, seen: Seen) -> None:
    score()
    for options in ({"limit": 5}, {"candidates": 0.3}, {"limit": 5, "candidates": 0.3}):
        assert (score(**options).new, seen.engines) == (0, 1)


def test_a_larger_limit_scores_the_difference(
    score: Score, seen: Seen, tally: Tally, material: Material
) -> None:
    """engine/workers/test_score.py tests that the parts are those of scoring all at once."""
    ids = list(material.pools["one shard"].ids())
    assert score(limit=20).new == 20
    assert (seen.total, seen.done) == (20, 20)
    assert tally.ids() == ids[:20]
    assert score(limit=33).new == 13
    assert (seen.total, seen.done) == (33, 33)
    assert tally.ids() == ids[:33]
    assert score(limit=7).images == 33
    assert score().new == IMAGES - 33
    assert tally.ids() == ids


def test_random_candidates(score: Score, tally: Tally, material: Material) -> None:
    pool = material.pools["one shard"]
    drawn = draw_candidates(pool, (), 0.5, 7, 0)
    ids = [i for i in pool.ids() if i in drawn]
    assert len(ids) == 22
    assert score(candidates=0.5, seed=7, limit=9).new == 9
    assert tally.ids() == ids[:9]
    assert score(candidates=0.5, seed=7).new == 22 - 9
    assert tally.ids() == ids
    assert score(candidates=0.8, seed=7).new == 36 - 22
    assert score(seed=7).new == IMAGES - 36
    assert sorted(tally.ids()) == sorted(pool.ids())


def test_random_candidates_of_another_seed_are_added(score: Score, tally: Tally) -> None:
    """Scores that need no random numbers are the same for any seed, so they are kept."""
    score(candidates=0.5, seed=1)
    score(candidates=0.5, seed=2)
    assert len(tally.ids()) == len(set(tally.ids())) > 22


def test_interrupted_while_growing(score: Score, tally: Tally, tmp_path: Path) -> None:
    """Old and new parts have the same names, so each is opened."""
    score(limit=20)
    with tally.interrupted_after(35):
        score()
    assert not json.loads((tmp_path / "scores" / FILE).read_text())["finished"]
    rest = score()
    # Only the unit that was interrupted is scored again.
    assert rest.images == IMAGES
    assert rest.new == IMAGES - 32
    assert len({row.image_id for row in read_parts(str(tmp_path / "scores"))}) == IMAGES


def test_an_interrupted_first_scoring_resumes_by_names_of_parts(
    score: Score, tally: Tally, seen: Seen
) -> None:
    with tally.interrupted_after(20):
        score()
    assert score().new == IMAGES - 16
    assert (seen.total, seen.done) == (IMAGES - 16, IMAGES - 16)


def test_a_changed_image_is_scored_again(
    score: Score, tally: Tally, material: Material, tmp_path: Path
) -> None:
    """In a rebuilt pool, one image has changed under the same id, and another is missing."""
    images = {
        item.image_id: material.dataset.image_bytes(item)
        for item in material.dataset.items("train")[:9]
    }

    def build() -> None:
        sources = [Source(i, lambda data=data: data) for i, data in images.items()]
        write_pool(sources, str(tmp_path / "pool"), row_group_images=4)

    build()
    score(pool=str(tmp_path / "pool"))
    before = {row.image_id: row.score for row in read_parts(str(tmp_path / "scores"))}
    changed, gone = list(images)[1], list(images)[8]
    images[changed] = encode_jpeg(np.full((*SIZE, 3), 90, np.uint8))
    del images[gone]
    for path in (tmp_path / "pool").iterdir():
        path.unlink()
    build()
    tally.clear()
    result = score(pool=str(tmp_path / "pool"))
    assert tally.ids() == [changed]
    assert (result.new, result.images) == (1, 8)
    after = {row.image_id: row.score for row in read_parts(str(tmp_path / "scores"))}
    assert {i for i in before if before[i] != after.get(i)} == {changed, gone}


def test_a_pool_whose_manifest_has_no_hashes(
    score: Score, seen: Seen, material: Material, tmp_path: Path
) -> None:
    items = material.dataset.items("train")[:5]
    sources = [Source(i.image_id, lambda i=i: material.dataset.image_bytes(i)) for i in items]
    new = write_pool(sources, str(tmp_path / "pool"))
    path = tmp_path / "pool" / MANIFEST
    manifest = json.loads(path.read_text())
    del manifest["content"], manifest["check"]
    path.write_text(json.dumps(manifest))
    assert Pool.open(str(tmp_path / "pool")).fingerprint == new.fingerprint
    score(pool=str(tmp_path / "pool"))
    score(pool=str(tmp_path / "pool"))
    assert seen.engines == 1


def test_a_folder_is_for_one_model_strategy_and_settings(
    score: Score, material: Material, tmp_path: Path
) -> None:
    score()
    kept = parts(tmp_path / "scores")
    model = other_model(tmp_path / "other", material)
    with pytest.raises(RunError, match=r"is a score folder of another model .* write to another"):
        score(model=model)
    for changes, what in (
        ({"strategy": Entropy()}, "another strategy"),
        ({"strategy": DifficultyScore(uncertainty="margin")}, "another strategy"),
        ({"precision": "fp32"}, "another precision"),
        ({"features": "aspp"}, "another features"),
        ({"pool": material.pools["many shards"].uri}, "another pool"),
    ):
        with pytest.raises(RunError, match=what) as caught:
            score(**changes)
        assert "\n" not in str(caught.value)
    assert parts(tmp_path / "scores") == kept


def test_the_seed_matters_only_to_random_scores(score: Score, seen: Seen, tmp_path: Path) -> None:
    score(seed=1)
    assert score(seed=2).new == 0
    (tmp_path / "scores").rename(tmp_path / "ds")
    score(Random(), seed=1)
    with pytest.raises(RunError, match="another seed"):
        score(Random(), seed=2)


def test_a_lost_part_is_scored_again(score: Score, tally: Tally, tmp_path: Path) -> None:
    first = score()
    next(iter(sorted((tmp_path / "scores").glob("part-*")))).unlink()
    tally.clear()
    again = score()
    assert (again.new, len(tally.ids()), again.best) == (16, 16, first.best)


@pytest.mark.parametrize("content", ["", "{}", '{"version": 1, "model": "x"}', "nonsense"])
def test_an_unreadable_record(content: str, score: Score, tmp_path: Path) -> None:
    (tmp_path / "scores").mkdir()
    (tmp_path / "scores" / FILE).write_text(content)
    with pytest.raises(RunError, match="damaged or of another raysal") as caught:
        score()
    assert "\n" not in str(caught.value)


def test_random_candidates_without_an_image(score: Score) -> None:
    with pytest.raises(ConfigError, match=r"candidates=0.001 of 45 images leaves none"):
        score(candidates=0.001)


def test_unreadable_images_are_tried_again(
    score: Score, material: Material, tmp_path: Path
) -> None:
    """The pool holds paths, and some of the files are missing at first."""
    items = material.dataset.items("train")[:6]
    photos = tmp_path / "photos"
    photos.mkdir()
    for item in items:
        (photos / f"{item.image_id}.jpg").write_bytes(material.dataset.image_bytes(item))
    sources = [
        Source(i.image_id, p.read_bytes, str(p))
        for i in items
        for p in [photos / f"{i.image_id}.jpg"]
    ]
    write_pool(sources, str(tmp_path / "pool"), row_group_images=2)
    lost = photos / f"{items[3].image_id}.jpg"
    data = lost.read_bytes()
    lost.unlink()
    with pytest.raises(BadImagesError, match=f"1 of 6 .*'{items[3].image_id}'"):
        score(pool=str(tmp_path / "pool"))
    lost.write_bytes(data)
    again = score(pool=str(tmp_path / "pool"))
    assert (again.new, again.images, again.bad) == (2, 6, [])
    lost.unlink()
    assert len([row for row in read_parts(str(tmp_path / "scores")) if row.score is not None]) == 6
