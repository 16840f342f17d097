"""The baseline computes the scores that raysal computes."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import torch

from raysal.acquisition.batch import PoolBatch
from raysal.acquisition.strategies.difficulty import DifficultyScore
from raysal.bench.plain_process import PLAIN_BATCHES, plain_rate
from raysal.bench.plain_scoring import BATCH, PlainScoring
from raysal.bench.scoring import make_bench_model, make_bench_pool
from raysal.data.decode import decode_image
from raysal.data.pool.reader import PoolReader
from raysal.errors import RunError
from raysal.inference.predict import predict, to_tensor
from raysal.models.checkpoint import load_model

SIZE = (48, 64)


def test_the_released_loop_gives_the_same_scores(tmp_path: Path) -> None:
    pool = make_bench_pool(tmp_path / "pool", 6, SIZE)
    model = make_bench_model(tmp_path / "model", SIZE)
    found = dict(PlainScoring(model, SIZE, torch.device("cpu"))(pool))
    rows = [row for unit in pool.units for row in PoolReader(pool).read(unit)]
    images = to_tensor([decode_image(row.data, SIZE) for row in rows])
    ids = tuple(row.image_id for row in rows)
    prediction = predict(load_model(model).fast, images, "fp32")
    expected = DifficultyScore()(PoolBatch(ids, 0, 0, prediction)).tolist()
    assert found == pytest.approx(dict(zip(ids, expected, strict=True)), abs=1e-4)
    assert len({round(score, 4) for score in expected}) > 1


@pytest.mark.slow
def test_its_speed_is_measured_in_a_process_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool = make_bench_pool(tmp_path / "pool", BATCH * (PLAIN_BATCHES + 1), SIZE)
    model = make_bench_model(tmp_path / "model", SIZE)
    assert plain_rate(model, pool, SIZE) > 0
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(RunError, match=r"^the plain loop ended with status 1: it said nothing$"):
        plain_rate(model, pool, SIZE)
