"""The images chosen do not depend on the engine, number of workers, batch size or shards."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from raysal.acquisition.base import Strategy
from raysal.acquisition.registry import STRATEGIES
from raysal.acquisition.selection.score_parts import picks, read_parts
from raysal.acquisition.selection.top_k import top_k
from raysal.data.pool.candidates import Listed, draw_candidates
from raysal.engine.build import build_engine
from raysal.engine.config import EngineConfig
from raysal.engine.jobs import KCenterJob, ScoreJob
from tests.support.material import IMAGES, SIZE, Material

BUDGET = 12
# Of what a strategy may read, maps, votes and an adversary with ratings; the others have the small
# network.
OF_MOBILENET = ("ds", "mc_dropout", "tavaal")
# Four dropout passes are chosen by as many would be.
ALL = [kind(**{"count": 4} if "count" in kind.model_fields else {}) for kind in STRATEGIES]


def chosen(
    material: Material, strategy: Strategy, pool: str, out: Path, **engine: object
) -> list[str]:
    """Ids of the best images, best first."""
    where = material.pools[pool]
    model = material.model if strategy.name in OF_MOBILENET else material.shallow
    excluded = frozenset({"train-000003", "train-000017"})
    job = ScoreJob(
        pool=where,
        model=model if strategy.needs.names else None,
        strategy=strategy,
        candidates=draw_candidates(where, excluded, 0.9, seed=5, round_index=1),
        out=str(out),
        size=SIZE,
        precision="auto",
        seed=5,
        round_index=1,
        units=None,
        features=strategy.needs.stage,
        adversary=material.adversaries.get(strategy.name),
    )
    out.mkdir(parents=True)
    running = build_engine(EngineConfig.model_validate(engine))
    seen = []
    running.over_pool(job, lambda report: seen.append(report.images))
    assert sum(seen) == job.candidates.count == int(0.9 * (IMAGES - 2))
    found = top_k(picks(read_parts(str(out))), BUDGET)
    if (features := strategy.needs.features) is not None:
        labelled = out / "labelled"
        labelled.mkdir()
        centres = replace(job, out=str(labelled), candidates=Listed(excluded))
        running.over_pool(centres, lambda report: None)
        together = KCenterJob(where, str(out), str(labelled), features.metric, 5, 1)
        found = list(itertools.islice(running.k_center(together), BUDGET))
    running.close()
    best = [pick.image_id for pick in found]
    assert len(set(best)) == BUDGET
    assert not excluded & set(best)
    return best


Reference = Callable[[Strategy], list[str]]


@pytest.fixture(scope="module")
def reference(material: Material, tmp_path_factory: pytest.TempPathFactory) -> Reference:
    """What a strategy chooses in process, one image at a time, one shard."""
    root = tmp_path_factory.mktemp("reference")
    known: dict[str, list[str]] = {}

    def choose(s: Strategy) -> list[str]:
        if s.name not in known:
            options = {"name": "local", "score_batch": 1}
            known[s.name] = chosen(material, s, "one shard", root / s.name, **options)
        return known[s.name]

    return choose


@pytest.mark.parametrize("strategy", ALL, ids=lambda s: s.name)
def test_batch_and_shards(
    material: Material, reference: Reference, tmp_path: Path, strategy: Strategy
) -> None:
    got = chosen(material, strategy, "many shards", tmp_path / "s", name="local", score_batch=8)
    assert got == reference(strategy)


def test_strategies_choose_differently(reference: Reference) -> None:
    assert len({tuple(sorted(reference(strategy))) for strategy in ALL}) >= 4


@pytest.mark.slow  # The fast suite compares the engines in tests/curate.
@pytest.mark.usefixtures("ray_session")
@pytest.mark.parametrize(
    ("strategy", "pool", "actors", "batch"),
    [("ds", "one shard", 1, 1), ("tavaal", "many shards", 2, 8)],
)
def test_ray_actors(
    material: Material,
    reference: Reference,
    tmp_path: Path,
    strategy: str,
    pool: str,
    actors: int,
    batch: int,
) -> None:
    """`tavaal` needs everything that an actor can be sent: the model's ratings and an adversary."""
    which = next(s for s in ALL if s.name == strategy)
    got = chosen(
        material, which, pool, tmp_path / "s", name="ray", score_actors=actors, score_batch=batch
    )
    assert got == reference(which)
