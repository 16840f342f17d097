"""Reviews of runs whose models read images in tiles."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from raysal.data.decode import IGNORE
from raysal.data.tiles import TileConfig
from raysal.engine.build import build_engine
from raysal.experiment.layout import RunLayout
from raysal.experiment.run import run_experiment
from raysal.inference.predict import predict, to_tensor
from raysal.models.checkpoint import load_model
from raysal.progress import Silent
from raysal.report.review.pictures import write_pictures
from raysal.review.judging import opinion_of
from raysal.review.run import review_run
from tests.support.scenes import SCENE, photo, pool_of, save_reader
from tests.support.tiny_run import tiny

TILES = TileConfig(size=48, overlap=16)


def test_an_opinion_is_that_of_the_tiles(tmp_path: Path) -> None:
    loaded = load_model(save_reader(tmp_path / "model", TILES))
    pool = pool_of(tmp_path / "p", {"a": photo(1)}, named=True)
    (row,) = pool.fetch(["a"])
    label = np.random.default_rng(0).integers(0, 4, SCENE, dtype=np.uint8)
    label[:40, :40] = IGNORE  # A whole core, and more.
    known = label != IGNORE
    found = opinion_of(loaded, row, label, known, "fp32")
    probs_CHW = np.zeros((4, *SCENE), np.float32)
    for tile in TILES.of(SCENE):
        seen = np.ascontiguousarray(photo(1)[tile.whole])
        of_tile = predict(loaded.model, to_tensor([seen]), "fp32").probabilities_BCHW[0].numpy()
        probs_CHW[:, *tile.in_scene] = of_tile[:, *tile.in_tile]
    assert np.array_equal(found.given_P, label[known])
    assert np.array_equal(found.top_P, probs_CHW.argmax(0)[known])
    assert np.allclose(found.top_prob_P, probs_CHW.max(0)[known], atol=1e-3)
    given_HW = np.take_along_axis(probs_CHW, np.where(known, label, 0)[None], 0)[0]
    assert np.allclose(found.given_prob_P, given_HW[known], atol=1e-3)


def test_a_review_of_scenes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = tiny(
        tmp_path,
        data={
            "size": [96, 96], "train": 4, "val": 0, "test": 1,
            "tile": {"size": 48, "overlap": 16},
        },
        train={"epochs": 1, "checkpoint": "last"},
        acquisition={"name": "random"},
        al={"initial": 2, "budget": 1, "rounds": 1},
        noise={"rate": 0.4, "unit": "segment"},
    )  # fmt: skip
    run_experiment(config, lambda: build_engine(config.engine), Silent())
    out = tmp_path / "review"
    reviewed = review_run(config.folder, out, lambda c: build_engine(c.engine), Silent())
    assert not reviewed.bad
    assert reviewed.found
    assert any(part.pixels > 96 * 96 for part in reviewed.review.parts)
    monkeypatch.setattr("raysal.report.review.pictures.SCENE_SIDE", 32)
    layout = RunLayout(config.folder)
    files = write_pictures(config, layout, reviewed.found, reviewed.judged, out, Silent())
    assert files
    assert len(np.unique(np.asarray(Image.open(files[0])))) > 10
