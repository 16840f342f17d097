"""Scores of scenes, from those of their tiles."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from raysal.acquisition.base import Strategy
from raysal.acquisition.registry import STRATEGIES
from raysal.acquisition.selection.score_parts import Scored, read_parts
from raysal.data.pool.candidates import Candidates
from raysal.data.pool.pool import Pool
from raysal.data.tiles import TileConfig
from raysal.engine.build import build_engine
from raysal.engine.config import EngineConfig
from raysal.engine.jobs import ScoreJob
from raysal.models.adversary import FILE as ADVERSARY_FILE
from raysal.models.adversary import Adversary, save_adversary
from raysal.models.adversary_shape import AdversaryShape
from tests.support.scenes import SCENE, TILE, photo, pool_of, save_reader

CORES = TileConfig(size=TILE, overlap=0)
OVERLAPPING = TileConfig(size=TILE, overlap=16)
ALL = [kind() for kind in STRATEGIES if kind().needs.names]


def score(
    out: Path,
    pool: Pool,
    model: Path,
    strategy: Strategy,
    size: tuple[int, int],
    tile: TileConfig | None,
    **engine: object,
) -> dict[str, Scored]:
    out.mkdir(parents=True)
    job = ScoreJob(
        pool=pool, model=model, out=str(out), size=size, precision="fp32", seed=1, round_index=0,
        units=None, strategy=strategy,
        candidates=Candidates((0, 0), None, frozenset(), pool.images),
        features=strategy.needs.stage, adversary=adversary_for(strategy, out.parent / out.name),
        tile=tile,
    )  # fmt: skip
    running = build_engine(EngineConfig.model_validate({"name": "local", **engine}))
    running.over_pool(job, lambda report: None)
    running.close()
    return {row.image_id: row for row in read_parts(str(out))}


def adversary_for(strategy: Strategy, beside: Path) -> Path | None:
    if strategy.needs.adversary is None:
        return None
    folder = beside.with_name(beside.name + "-adversary")
    folder.mkdir()
    rank = "raw" if strategy.name == "tavaal" else "none"
    import torch

    torch.manual_seed(0)
    shape = AdversaryShape(side=16, latent=4, width=4, rank=rank)
    save_adversary(folder / ADVERSARY_FILE, Adversary(shape))
    return folder


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("models")
    return {
        "whole": save_reader(root / "whole", size=TILE),
        "cores": save_reader(root / "cores", CORES),
        "overlapping": save_reader(root / "overlapping", OVERLAPPING),
    }


@pytest.mark.parametrize("strategy", ALL, ids=lambda s: s.name)
def test_a_scene_of_equal_tiles_scores_as_one_of_them(
    strategy: Strategy, models: dict[str, Path], tmp_path: Path
) -> None:
    parts = {f"image-{seed}": photo(seed, TILE) for seed in range(2)}
    scenes = {image_id: np.tile(part, (2, 2, 1)) for image_id, part in parts.items()}
    expected = score(
        tmp_path / "a", pool_of(tmp_path / "p", parts), models["whole"], strategy, TILE, None
    )
    found = score(
        tmp_path / "b", pool_of(tmp_path / "s", scenes), models["cores"], strategy, SCENE, CORES
    )
    assert found.keys() == expected.keys() == parts.keys()
    for image_id, row in found.items():
        assert row.error is None
        if strategy.needs.adversary is None:
            assert row.score == pytest.approx(expected[image_id].score, rel=1e-5, abs=1e-7)
        else:  # It sees four small tiles, not one.
            assert np.isfinite(row.score)
        if strategy.needs.features is not None:
            assert row.vector == pytest.approx(expected[image_id].vector, rel=1e-4, abs=1e-6)


@pytest.mark.parametrize("name", ["entropy", "mc_dropout", "tavaal"])
def test_neither_batches_nor_where_the_file_is_change_a_score(
    name: str, models: dict[str, Path], tmp_path: Path
) -> None:
    strategy = next(s for s in ALL if s.name == name)
    photos = {f"image-{seed}": photo(seed, (150, 130)) for seed in range(3)}
    held, named = pool_of(tmp_path / "h", photos), pool_of(tmp_path / "n", photos, named=True)
    found = [
        score(
            tmp_path / str(number), pool, models["overlapping"], strategy, SCENE, OVERLAPPING,
            score_batch=batch,
        )
        for number, (pool, batch) in enumerate([(held, 1), (named, 5)])
    ]  # fmt: skip
    one, other = ({i: row.score for i, row in rows.items()} for rows in found)
    assert len(set(one.values())) == 3
    assert one == pytest.approx(other, rel=1e-5)


def test_the_best_tile_instead_of_the_mean(models: dict[str, Path], tmp_path: Path) -> None:
    strategy = next(s for s in ALL if s.name == "entropy")
    flat = np.full((*SCENE, 3), 90, np.uint8)
    flat[:48, :48] = photo(5, TILE)
    tiles = {"photo": photo(5, TILE), "flat": flat[48:, 48:]}
    of_tiles = score(
        tmp_path / "t", pool_of(tmp_path / "pt", tiles), models["whole"], strategy, TILE, None
    )
    pool = pool_of(tmp_path / "ps", {"scene": flat})
    mean, most = (
        score(
            tmp_path / how, pool, models["cores"], strategy, SCENE,
            CORES.model_copy(update={"score": how}),
        )["scene"].score
        for how in ("mean", "max")
    )  # fmt: skip
    expected = [of_tiles[name].score for name in ("photo", "flat", "flat", "flat")]
    assert most == pytest.approx(max(expected), rel=1e-5)
    assert mean == pytest.approx(np.mean(expected), rel=1e-5)


def test_a_scene_that_is_damaged_in_the_middle_has_no_score(
    models: dict[str, Path], tmp_path: Path
) -> None:
    pool = pool_of(tmp_path / "p", {"good": photo(1), "bad": photo(2)}, named=True)
    file = tmp_path / "p" / "bad.tif"
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) // 2])
    strategy = next(s for s in ALL if s.name == "entropy")
    found = score(tmp_path / "o", pool, models["cores"], strategy, SCENE, CORES)
    assert found["good"].error is None
    assert "is damaged or not the image that the pool was built from" in str(found["bad"].error)
