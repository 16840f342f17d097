"""The scale benchmark counts what was scored."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from raysal.acquisition.selection.score_parts import read_parts
from raysal.bench.scale import first_units, measure_scale, scale_pool, varied_scenes
from raysal.bench.scoring import make_bench_model
from raysal.engine.build import build_engine
from raysal.engine.config import EngineConfig
from raysal.engine.jobs import Traffic

SIZE = (32, 48)


def test_varied_scenes_are_all_different() -> None:
    sources = list(varied_scenes(200, 4, SIZE))
    assert len({source.image_id for source in sources}) == 200
    assert len({source.read() for source in sources}) == 200
    assert [s.read() for s in varied_scenes(6, 4, SIZE)] == [s.read() for s in sources[:6]]


def test_a_pool_is_kept_and_scored_in_part(tmp_path: Path) -> None:
    made: list[int] = []
    pool = scale_pool(tmp_path, 100, 5, SIZE, made.append)
    assert made == list(range(1, 101))
    assert scale_pool(tmp_path, 100, 5, SIZE, made.append) == pool
    assert len(made) == 100, "it was drawn again"
    assert sum(unit.rows for unit in first_units(pool, 40)) == 64
    assert first_units(pool, 1000) == pool.units

    model = make_bench_model(tmp_path / "model", SIZE)
    moved = iter([Traffic(1000, 100), Traffic(1000 + 640, 100 + 64)])
    scored: list[int] = []
    engine = build_engine(EngineConfig(name="local"))
    out = tmp_path / "scores"
    scale = measure_scale(engine, lambda: next(moved), model, pool, 40, out, scored.append)
    ids = [row.image_id for row in read_parts(str(out))]
    assert ids == list(pool.ids())[:64]
    assert scale.images == sum(scored) == 64
    assert (scale.store_bytes, scale.block_bytes) == (10, 1)
    assert scale.worker_mib >= scale.driver.peak >= scale.driver.last > 50
    assert 0 < scale.rates.start_s < scale.wall_s
    assert scale.overhead_ms(forward=scale.rates.steady / 2) == pytest.approx(
        -1000 / scale.rates.steady
    )


@pytest.mark.slow
def test_the_command(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "raysal.cli.main",
        "bench",
        "scale",
        "--images",
        "400",
        "--nodes",
        "2",
        "--height",
        "32",
        "--width",
        "48",
        "--distinct",
        "20",
        "--keep",
        str(tmp_path),
        "--json",
        str(tmp_path / "figures.json"),
    ]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=250)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    (told,) = json.loads((tmp_path / "figures.json").read_bytes())["benches"]
    figures = {figure["what"]: figure["value"] for figure in told["figures"]}
    # One node may have scored all units before the worker of the other was ready.
    assert {figure["of"] for figure in told["figures"]} <= {
        "400 images, 1 node",
        "400 images, 2 nodes",
    }
    for what in ("workers", "in all", "start", "speed", "share of the forward pass"):
        assert figures[what] > 0
    for what in ("driver before", "driver at first", "driver at most", "worker at most"):
        assert figures[what] > 100
    assert 0 <= figures["blocks per image"] < 100, "the images went through Ray"
