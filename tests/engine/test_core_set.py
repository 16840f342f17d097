"""Core-set over score parts: in this process and divided among actors that may die."""

from __future__ import annotations

import itertools
import os
import shutil
import signal
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from raysal.acquisition.selection.score_parts import Scored, read_unit, write_part
from raysal.acquisition.selection.top_k import Pick
from raysal.bench.coreset import Cloud, write_cloud
from raysal.data.pool.parts import part_name
from raysal.engine.build import build_engine
from raysal.engine.config import EngineConfig
from raysal.engine.jobs import KCenterJob
from raysal.engine.workers.core_set import stretches
from raysal.errors import ClusterError, DataError
from tests.support.ray_processes import workers

IMAGES, BUDGET = 230, 40
ACTOR_ROWS = 100  # 100, 100 and 30.


@pytest.fixture(scope="module")
def job(tmp_path_factory: pytest.TempPathFactory) -> KCenterJob:
    """230 candidates in units of 20, of which every fourth could not be read; 12 labelled."""
    root = tmp_path_factory.mktemp("cloud")
    made = write_cloud(Cloud.draw(IMAGES, 8, 12), root, unit_images=20)
    for unit in made.pool.units:
        rows = read_unit(made.scores, unit.name)
        write_part(made.scores, unit.name, [
            Scored(row.image_id, None, "truncated") if unreadable(row.image_id) else row
            for row in rows
        ], vectors=True)  # fmt: skip
    return made


def unreadable(image_id: str) -> bool:
    return int(image_id.removeprefix("image-")) % 4 == 0


def choose(job: KCenterJob, count: int = BUDGET, **engine: Any) -> list[Pick]:
    """The first `count` picks."""
    running = build_engine(EngineConfig.model_validate(engine))
    try:
        return list(itertools.islice(running.k_center(job), count))
    finally:
        running.close()


RAY = {"name": "ray", "vectors_per_actor": ACTOR_ROWS, "no_progress_timeout_s": 250}
TWO = {**RAY, "vectors_per_actor": 120}


def test_stretches_cover_the_pool_in_order(job: KCenterJob) -> None:
    for images, count in ((1, 12), (20, 12), (50, 6), (100, 3), (229, 2), (230, 1), (10**6, 1)):
        found = stretches(job.pool, images)
        assert tuple(unit for piece in found for unit in piece.units) == job.pool.units
        sizes = [sum(unit.rows for unit in piece.units) for piece in found]
        assert [piece.first for piece in found] == [0, *np.cumsum(sizes)[:-1]]
        assert len(found) == count
        assert max(sizes) <= max(images, 20)


def test_all_in_the_end_and_never_one_that_cannot_be_read(job: KCenterJob) -> None:
    picks = choose(job, 10**6, name="local")
    assert not any(unreadable(pick.image_id) for pick in picks)
    assert len({pick.image_id for pick in picks}) == len(picks) == IMAGES * 3 // 4
    distances = [pick.score for pick in picks]
    assert distances == sorted(distances, reverse=True)


def test_units_that_came_after_the_scores_are_no_candidates(
    job: KCenterJob, tmp_path: Path
) -> None:
    scores = tmp_path / "scores"
    shutil.copytree(job.scores, scores)
    late = job.pool.units[-1]
    (scores / part_name(late.name)).unlink()
    there = {row.image_id for row in read_unit(job.scores, late.name)}
    chosen = {p.image_id for p in choose(replace(job, scores=str(scores)), IMAGES, name="local")}
    assert chosen == {p.image_id for p in choose(job, IMAGES, name="local")} - there


def test_features_that_are_no_numbers(job: KCenterJob, tmp_path: Path) -> None:
    for kind, name in (("scores", "image-0000001"), ("labelled", "label-0")):
        write_part(
            str(tmp_path), f"{kind}-0", [Scored(name, 0.0, vector=[np.nan] * 8)], vectors=True
        )
    broken = replace(job, labelled=str(tmp_path))
    with pytest.raises(DataError, match="features of 'label-0' are not finite numbers; lower"):
        choose(broken, name="local")


@pytest.mark.slow
@pytest.mark.usefixtures("ray_session")
def test_any_number_of_actors_chooses_the_same(job: KCenterJob) -> None:
    expected = choose(job, name="local")
    assert choose(job, **RAY) == expected
    assert choose(job, name="ray") == expected, "in the driver"


@pytest.mark.slow
@pytest.mark.usefixtures("ray_session")
def test_without_labels_the_first_is_the_same(job: KCenterJob, tmp_path: Path) -> None:
    nothing = replace(job, labelled=str(tmp_path), seed=3)
    expected = choose(nothing, 12, name="local")
    assert expected[0].score == np.inf
    assert choose(nothing, 12, **RAY) == expected
    firsts = {choose(replace(nothing, seed=s), 1, name="local")[0].image_id for s in range(6)}
    assert len(firsts) > 1


@pytest.mark.slow
@pytest.mark.usefixtures("ray_session")
def test_a_dead_actor_is_replaced_and_told_the_centres_again(job: KCenterJob) -> None:
    expected = choose(job, name="local")
    with choosing(job) as picks:
        got = list(itertools.islice(picks, BUDGET // 2))
        kill_one(of=3)
        got += itertools.islice(picks, BUDGET - len(got))
    assert got == expected
    assert actors(0) == [], "they end with the choice"


@pytest.mark.slow
@pytest.mark.usefixtures("ray_session")
def test_actors_that_keep_dying(job: KCenterJob) -> None:
    with choosing(job, vectors_per_actor=120, max_failures=0) as picks:
        next(picks)
        kill_one(of=2)
        with pytest.raises(ClusterError, match=r"died 1 time.* lower engine\.vectors_per_actor"):
            next(picks)


@pytest.mark.usefixtures("ray_session")
def test_more_actors_than_there_is_room_for(job: KCenterJob) -> None:
    with pytest.raises(ClusterError, match=r"among 12 actors .* have room for \d+; raise it"):
        choose(job, **{**RAY, "vectors_per_actor": 1, "side_by_side": 1000})


@pytest.mark.slow
@pytest.mark.usefixtures("ray_session")
def test_an_actor_s_error_is_one_line(job: KCenterJob, tmp_path: Path) -> None:
    copy = tmp_path / "scores"
    copy.mkdir()
    for file in Path(job.scores).iterdir():
        (copy / file.name).write_bytes(file.read_bytes())
    unit = job.pool.units[7]
    write_part(
        str(copy), unit.name, [Scored("image-0000141", 0.0, vector=[np.inf] * 8)], vectors=True
    )
    with pytest.raises(DataError, match="features of 'image-0000141' are not finite"):
        choose(replace(job, scores=str(copy)), **TWO)


class choosing:  # noqa: N801
    """An iterator of picks; its actors end with the block."""

    def __init__(self, job: KCenterJob, **engine: Any) -> None:
        self.engine = build_engine(EngineConfig.model_validate({**RAY, **engine}))
        self.picks = self.engine.k_center(job)

    def __enter__(self) -> Iterator[Pick]:
        return self.picks

    def __exit__(self, *error: object) -> None:
        self.picks.close()  # type: ignore[attr-defined]
        self.engine.close()


def kill_one(of: int) -> None:
    os.kill(actors(of)[1], signal.SIGKILL)


def actors(count: int, patience_s: float = 30) -> list[int]:
    """Process ids of `count` actors; those of the previous test may still be ending."""
    end = time.monotonic() + patience_s
    while len(pids := workers("_ShardActor")) != count:
        assert time.monotonic() < end, pids
        time.sleep(0.05)
    return pids
