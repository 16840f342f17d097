"""Runs on scenes that are read in tiles."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from raysal.annotate.tool.prepare.of_run import guides_of_run
from raysal.data.labels import ANNOTATOR, EXTENDED, read_labels
from raysal.engine.base import Engine
from raysal.engine.build import build_engine
from raysal.engine.config import EngineConfig
from raysal.engine.jobs import PoolJob, RegionJob
from raysal.experiment.config import ExperimentConfig
from raysal.experiment.layout import RunLayout
from raysal.experiment.metrics import Metrics
from raysal.experiment.query import read_query
from raysal.experiment.run import run_experiment
from raysal.models.checkpoint import load_model
from raysal.progress import Silent
from raysal.report.runs.read import read_run
from raysal.report.strips.read import read_strips
from raysal.training.evaluate import read_samples
from tests.support.tiny_run import queried, tiny

SCENES = {
    "name": "streets", "size": [96, 96], "train": 6, "val": 1, "test": 1,
    "tile": {"size": 48, "overlap": 16},
}  # fmt: skip


def config_of(output: Path, name: str, **changes: object) -> ExperimentConfig:
    return tiny(
        output,
        name=name,
        data=SCENES,
        model={"channel_dropout": 0.25},
        train={"epochs": 1},
        al={"initial": 2, "budget": 1, "rounds": 2, "candidate_ratio": 1.0},
        **changes,
    )


def run(config: ExperimentConfig, engine: Callable[[EngineConfig], Engine] = build_engine) -> None:
    run_experiment(config, lambda: engine(config.engine), Silent())


class Killed(BaseException):
    """As a kill: nothing is cleaned up by the loop."""


def dying(config: EngineConfig) -> Engine:
    """An engine that dies after the first part of the second job over the pool."""
    engine = build_engine(config)
    original, jobs = engine.over_pool, []

    def over_pool(job: PoolJob, on_part: Callable[..., None]) -> None:
        def dies(report: object) -> None:
            on_part(report)
            if len(jobs) == 2:
                raise Killed

        jobs.append(job)
        original(job, dies)

    engine.over_pool = over_pool  # type: ignore[method-assign]
    return engine


def test_regions_of_scenes_are_asked_trained_on_and_extended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    changes = {
        "acquisition": {"name": "entropy"},
        "rga": {"w": 24, "subset": 3, "passes": 4},
        "cle": {"calibrate": False, "tau_conf": 0.6, "tau_sim": 0.6},
    }
    config = config_of(tmp_path, "regions", **changes)
    run(config)
    layout = RunLayout(config.folder)
    asks = read_query(layout.round(0).query)
    assert len(asks) == 16  # An image's area in windows of 24 x 24.
    tiles = config.data.tile.of((96, 96))  # type: ignore[union-attr]
    rectangles = [(ask.row, ask.col, ask.height, ask.width) for ask in asks]
    assert any(  # Regions need not lie in one tile's core.
        not any(
            t.core[0] <= row and row + h <= t.core[2] and t.core[1] <= col and col + w <= t.core[3]
            for t in tiles
        )
        for row, col, h, w in rectangles
    )
    extended = list(read_labels(layout.round(0).extended))
    assert any((labelled.source == EXTENDED).any() for labelled in extended)
    for labelled in extended:
        assert labelled.label.shape == (96, 96)
        assert not ((labelled.source == EXTENDED) & (labelled.label == 255)).any()
        assert not (labelled.source == ANNOTATOR).any()
    # The labelling tool shows no extended labels that the run would not take.
    untiled = config.model_copy(update={"data": config.data.model_copy(update={"tile": None})})
    (shown,) = {g.extension for g in guides_of_run(layout, config).values()}
    assert shown is None
    assert guides_of_run(layout, untiled)[layout.round(0).name].extension is not None
    loaded = load_model(layout.round(1).model)
    assert (loaded.size, loaded.working_size) == ((48, 48), (96, 96))
    assert Metrics.read(layout.round(1).metrics).miou is not None
    samples = list(read_samples(config.data, config.data.items("test"), []))
    known = sum(int((label != 255).sum()) for _, label in samples)
    truth = config.data.label(config.data.items("test")[0])
    assert len(samples) == 9
    assert known == (truth != 255).sum()  # Each known pixel counts once.

    monkeypatch.setattr("raysal.report.strips.read.SCENE_SIDE", 48)
    (strip,) = read_strips(read_run(config.folder, "regions"), 1)
    assert strip.image.shape == (48, 48, 3)
    assert strip.prediction.shape == strip.truth.shape == (48, 48)
    assert {box[2:] for box in strip.regions} == {(12, 12)}
    assert strip.labels is not None
    assert len(strip.labels.scores) == len(strip.regions)

    again = config_of(tmp_path, "killed", **changes)
    with pytest.raises(Killed):
        run(again, dying)
    run(again)
    assert queried(again.folder, 2) == queried(config.folder, 2)
    resumed = read_query(RunLayout(again.folder).round(0).query)
    assert [(ask.row, ask.col, ask.height, ask.width) for ask in resumed] == rectangles


@pytest.mark.slow
@pytest.mark.usefixtures("ray_session")
def test_regions_of_scenes_do_not_depend_on_the_engine(tmp_path: Path) -> None:
    from raysal.acquisition.selection.region_parts import read_regions
    from raysal.acquisition.selection.top_k import top_k
    from raysal.data.tiles import TileConfig
    from raysal.regions.config import RegionConfig
    from tests.support.scenes import SCENE, photo, pool_of, save_reader
    from tests.support.shallow_network import MOBILENET

    tiles = TileConfig(size=64, overlap=16)
    model = save_reader(tmp_path / "model", tiles, network=MOBILENET)
    pool = pool_of(tmp_path / "p", {f"image-{k}": photo(k) for k in range(4)}, named=True)
    found = []
    for engine in ({"name": "local"}, {"name": "ray", "score_actors": 1, "score_batch": 3}):
        out = tmp_path / str(engine["name"])
        out.mkdir()
        job = RegionJob(
            pool=pool, model=model, out=str(out), size=SCENE, precision="fp32", seed=5,
            round_index=1, units=None, images=frozenset(pool.ids()), label_folders=(),
            regions=RegionConfig(subset=4, w=20, passes=3), tile=tiles,
        )  # fmt: skip
        running = build_engine(EngineConfig.model_validate(engine))
        running.over_pool(job, lambda report: None)
        running.close()
        found.append(top_k(read_regions(str(out)), 1000))
    assert len(found[0]) > 8
    assert found[0] == found[1]
    assert len({pick.image_id for pick in found[0]}) == 4
    assert np.isfinite([pick.score for pick in found[0]]).all()


def test_spare_regions_are_refused_for_scenes(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"with data\.tile, set rga\.on_shortfall=stop"):
        config_of(tmp_path, "spare", rga={"w": 24, "subset": 3, "on_shortfall": "overlap"})
