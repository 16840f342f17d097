"""The random part of the pool that a round looks at."""

from __future__ import annotations

import math
import pickle
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from raysal.data.decode import encode_png
from raysal.data.pool.candidates import Candidates, Listed, draw_candidates
from raysal.data.pool.pool import Pool
from raysal.data.pool.sources import Source
from raysal.data.pool.writer import write_pool

PNG = encode_png(np.zeros((2, 2, 3), np.uint8))
IDS = [f"image-{i:03d}" for i in range(60)]


def make_pool(folder: Path, ids: Sequence[str], **shape: int) -> Pool:
    return write_pool([Source(i, lambda: PNG) for i in ids], str(folder), **shape)


@pytest.fixture(scope="module")
def pool(tmp_path_factory: pytest.TempPathFactory) -> Pool:
    return make_pool(tmp_path_factory.mktemp("pool") / "p", IDS)


def members(candidates: Candidates, pool: Pool) -> set[str]:
    return {image_id for image_id in pool.ids() if image_id in candidates}


@pytest.mark.parametrize("ratio", [0.01, 0.1, 1 / 3, 0.5, 0.4, 0.999, 1.0])
@pytest.mark.parametrize("labelled", [0, 1, 7, 59, 60])
def test_exactly_the_floor_of_the_share(ratio: float, labelled: int, pool: Pool) -> None:
    excluded = IDS[:labelled]
    candidates = draw_candidates(pool, excluded, ratio, seed=4, round_index=2)
    chosen = members(candidates, pool)
    assert len(chosen) == candidates.count == math.floor(ratio * (60 - labelled))
    assert not chosen & set(excluded)


def test_independent_of_sharding_and_order(pool: Pool, tmp_path: Path) -> None:
    other = make_pool(tmp_path / "p", IDS[::-1], row_group_images=7, shard_bytes=1)
    assert len(other.shards) > 1
    a, b = (draw_candidates(p, IDS[:9], 0.4, seed=1, round_index=0) for p in (pool, other))
    assert members(a, pool) == members(b, other)
    assert a.count == b.count


def test_rounds_and_seeds_draw_anew(pool: Pool) -> None:
    draws = {
        frozenset(members(draw_candidates(pool, [], 0.5, seed, index), pool))
        for seed in range(3)
        for index in range(3)
    }
    assert len(draws) == 9
    union = frozenset.union(*draws)
    assert union == set(IDS)


@pytest.mark.parametrize(("at_least", "count"), [(0, 25), (10, 25), (30, 30), (50, 50), (99, 50)])
def test_at_least_the_budget(at_least: int, count: int, pool: Pool) -> None:
    candidates = draw_candidates(pool, IDS[:10], 0.5, 0, 0, at_least)
    assert len(members(candidates, pool)) == candidates.count == count


def test_a_worker_needs_nothing_but_the_rule(pool: Pool) -> None:
    candidates = draw_candidates(pool, IDS[:5], 0.5, 0, 0)
    sent = pickle.loads(pickle.dumps(candidates))
    assert members(sent, pool) == members(candidates, pool)
    assert len(pickle.dumps(candidates)) < 1000


def test_images_by_name() -> None:
    listed = Listed(frozenset(IDS[:3]))
    assert listed.count == 3
    assert [image_id in listed for image_id in IDS[1:5]] == [True, True, False, False]
    assert pickle.loads(pickle.dumps(listed)) == listed
