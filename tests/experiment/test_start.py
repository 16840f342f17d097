"""The first images chosen by features: the same on both engines, after a kill, for any shards."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from raysal.acquisition.selection.cold_start import first_images
from raysal.acquisition.selection.score_parts import Scored, read_features, read_parts, write_part
from raysal.data.pool.parts import finished_parts
from raysal.data.pool.pool import Pool
from raysal.engine.base import Engine
from raysal.engine.build import build_engine
from raysal.engine.config import EngineConfig
from raysal.engine.jobs import PartReport
from raysal.engine.local.engine import LocalEngine
from raysal.errors import BadImagesError, DataError
from raysal.experiment.config import ExperimentConfig
from raysal.experiment.layout import RunLayout
from raysal.experiment.query import read_query
from raysal.experiment.run import run_experiment
from raysal.experiment.start import start_picks
from raysal.experiment.status import read_status, repair, repair_plan
from raysal.inference.predict import normalise, to_tensor
from raysal.models.build import build_model
from raysal.progress import Silent
from tests.support.faults import Killed
from tests.support.material import IMAGES, Material
from tests.support.people import asking, take_photographs
from tests.support.shallow_network import MOBILENET
from tests.support.tiny_run import GOLDEN, queried, tiny

COUNT = 6


class Heard(Silent):
    def __init__(self) -> None:
        self.said: list[str] = []

    def say(self, text: str) -> None:
        self.said.append(text)


def config(output: Path, start: str = "typical", **changes: Any) -> ExperimentConfig:
    """The data are those of `Material`."""
    al = {"initial": COUNT, "start": start, **changes.pop("al", {})}
    return tiny(output, data={"train": IMAGES}, al=al, model=MOBILENET, **changes)


def choose(
    experiment: ExperimentConfig,
    pool: Pool,
    engine: Callable[[], Engine] = lambda: LocalEngine(EngineConfig(name="local")),
    watch: Heard | None = None,
    excluded: frozenset[str] = frozenset(),
    known: frozenset[str] = frozenset(),
    count: int = COUNT,
) -> list[str]:
    layout = RunLayout(experiment.folder)
    layout.initial.folder.mkdir(parents=True, exist_ok=True)
    found = start_picks(
        experiment, layout, pool, engine, watch or Heard(),
        excluded=excluded, known=known, count=count,
    )  # fmt: skip
    return [pick.image_id for pick in found]


def features(experiment: ExperimentConfig) -> tuple[list[str], np.ndarray]:
    folder = str(RunLayout(experiment.folder).initial.features)
    return read_features(folder, sorted(finished_parts(folder)))


@pytest.fixture(scope="module")
def calm(material: Material, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """What is chosen in process, one image at a time, from one shard."""
    engine = EngineConfig(name="local", score_batch=1)
    return {
        start: choose(
            config(tmp_path_factory.mktemp(start), start),
            material.pools["one shard"],
            lambda: LocalEngine(engine),
        )
        for start in ("coverage", "typical")
    }


def test_features_are_those_of_the_encoder_before_its_training(
    material: Material, tmp_path: Path
) -> None:
    experiment, heard = config(tmp_path, train={"precision": "fp32"}), Heard()
    chosen = choose(experiment, material.pools["many shards"], watch=heard)
    ids, vectors = features(experiment)
    assert chosen == [p.image_id for p in first_images("typical", ids, vectors, (), COUNT, 0)]
    assert len(ids) == IMAGES
    encoder = build_model(experiment.resolved_model, 11, experiment.seed).eval().encoder
    items = {item.image_id: item for item in material.dataset.items("train")}
    with torch.inference_mode():
        images = to_tensor([material.dataset.image(items[i]) for i in ids[:3]])
        expected = encoder(normalise(images))["c320"].mean((2, 3))
    assert vectors[:3] == pytest.approx(expected.numpy(), rel=1e-3, abs=1e-6)
    assert heard.said == [
        "al.start=typical: features of a network with random weights (model.weights=none)"
    ]
    names = {path.name for path in RunLayout(experiment.folder).initial.features.iterdir()}
    assert "model.pt" not in names


@pytest.mark.parametrize("start", [pytest.param("coverage", marks=pytest.mark.slow), "typical"])
def test_batch_and_shards(
    start: str, calm: dict[str, list[str]], material: Material, tmp_path: Path
) -> None:
    assert choose(config(tmp_path, start), material.pools["many shards"]) == calm[start]
    assert len(set(calm[start])) == COUNT


@pytest.mark.slow  # The fast suite has it in tests/curate/test_start.py.
@pytest.mark.usefixtures("ray_session")
def test_on_ray(calm: dict[str, list[str]], material: Material, tmp_path: Path) -> None:
    engine = EngineConfig(name="ray", score_actors=2)
    chosen = choose(config(tmp_path), material.pools["many shards"], lambda: build_engine(engine))
    assert chosen == calm["typical"]


def test_killed_while_features_are_computed(
    calm: dict[str, list[str]], material: Material, tmp_path: Path
) -> None:
    computed: list[int] = []

    class Dies(LocalEngine):
        def over_pool(self, job: Any, on_part: Callable[[PartReport], None]) -> None:
            def on(report: PartReport) -> None:
                computed.append(report.images)
                if len(computed) == 4:
                    raise Killed
                on_part(report)

            super().over_pool(job, on)

    def again() -> list[str]:
        return choose(
            config(tmp_path, "coverage"),
            material.pools["many shards"],
            lambda: Dies(EngineConfig(name="local")),
        )

    with pytest.raises(Killed):
        again()
    assert again() == calm["coverage"]
    assert sum(computed) == IMAGES
    assert again() == calm["coverage"]
    assert sum(computed) == IMAGES, "they are read from disk"


def test_excluded_and_known_images(
    calm: dict[str, list[str]], material: Material, tmp_path: Path
) -> None:
    """Excluded images have no features; known ones have, and their clusters are covered."""
    first, second, third, *_ = calm["typical"]
    excluded, known = frozenset({first}), frozenset({second, third})
    experiment = config(tmp_path)
    chosen = choose(
        experiment, material.pools["one shard"], excluded=excluded, known=known, count=4
    )
    ids, vectors = features(experiment)
    assert set(ids) == set(material.pools["one shard"].ids()) - excluded
    picks = first_images("typical", ids, vectors, known, 4, 0)
    assert chosen == [pick.image_id for pick in picks]
    assert not (excluded | known) & set(chosen)
    nothing = config(tmp_path / "enough")
    assert choose(nothing, material.pools["one shard"], known=known, count=0) == []
    assert not RunLayout(nothing.folder).initial.features.exists()


class Spoils(LocalEngine):
    """Makes something else of the first part."""

    def __init__(self, spoil: Callable[[Scored], Scored]) -> None:
        super().__init__(EngineConfig(name="local"))
        self._spoil = spoil

    def over_pool(self, job: Any, on_part: Callable[[PartReport], None]) -> None:
        super().over_pool(job, on_part)
        unit = job.pool.units[0]
        rows = list(read_parts(job.out))[:3]
        write_part(job.out, unit.name, [self._spoil(row) for row in rows], vectors=True)


def test_unreadable_images(material: Material, tmp_path: Path) -> None:
    def unreadable(row: Scored) -> Scored:
        return Scored(row.image_id, None, "truncated")

    pool = material.pools["one shard"]
    with pytest.raises(BadImagesError, match=r"3 of 45 images of the pool are unreadable \(train"):
        choose(config(tmp_path), pool, lambda: Spoils(unreadable))
    heard = Heard()
    lenient = tiny(
        tmp_path / "lenient",
        data={"train": IMAGES, "max_bad_share": 0.1},
        al={"start": "coverage"},
    )
    chosen = choose(lenient, pool, lambda: Spoils(unreadable), heard, count=100)
    assert any(s.startswith("initial images: set aside 3 unreadable of 45") for s in heard.said)
    assert not {f"train-00000{n}" for n in range(3)} & set(chosen)


def test_features_that_are_no_numbers(material: Material, tmp_path: Path) -> None:
    def overflow(row: Scored) -> Scored:
        return dataclasses.replace(row, vector=[float("nan")] * 320)

    line = r"features of 'train-000000' are not finite numbers; use other initial weights"
    with pytest.raises(DataError, match=line):
        choose(config(tmp_path), material.pools["one shard"], lambda: Spoils(overflow))


def test_a_whole_run(tmp_path: Path) -> None:
    """Images that are held out are drawn as ever and not chosen; repair knows the features."""
    experiment = tiny(
        tmp_path,
        data={"val": 0, "test": 2},
        train={"epochs": 1, "checkpoint": "last"},
        al={"start": "typical", "val": 3, "rounds": 1},
    )
    built: list[str] = []

    def engine() -> Engine:
        built.append(experiment.engine.name)
        return build_engine(experiment.engine)

    run_experiment(experiment, engine, Heard())
    layout = RunLayout(experiment.folder)
    assert built == ["local"], "one engine for features and rounds"
    (chosen,) = queried(experiment.folder, 1)
    drawn = {ask.image_id for ask in read_query(layout.val.query)}
    ids, _ = features(experiment)
    assert set(ids).isdisjoint(drawn)
    assert (len(ids), len(drawn), len(set(chosen))) == (37, 3, 8)
    assert chosen != GOLDEN[0]

    part = next(layout.initial.features.glob("part-*"))
    part.write_bytes(part.read_bytes()[:-1])
    (problem,) = read_status(experiment.folder).problems
    assert problem.line.startswith(f"{part} is damaged")
    plan = repair_plan(experiment.folder)
    assert layout.initial.features in plan
    assert layout.val.labels not in plan
    repair(experiment.folder, plan)
    assert not layout.initial.folder.exists() or not list(layout.initial.folder.iterdir())


def test_all_images_at_once(tmp_path: Path) -> None:
    changes: dict[str, Any] = {
        "data": {"train": 5, "val": 0}, "train": {"epochs": 1, "checkpoint": "last"},
        "al": {"initial": "all", "val": 1, "rounds": 2},
    }  # fmt: skip
    config = tiny(tmp_path, **changes)
    outcome = run_experiment(config, lambda: build_engine(config.engine), Silent())
    (record,) = outcome.records
    assert (record.labelled.images, record.queried) == (4, None)
    assert outcome.stop is not None
    assert "all 5 images of the pool are labelled" in outcome.stop.reason


def test_people_are_asked_for_what_is_unlike_the_masks_that_are_there(tmp_path: Path) -> None:
    """Images with masks are in the query from the start and count as labelled."""
    photographs = take_photographs(tmp_path)
    names = sorted(path.name for path in photographs.masks.iterdir())
    (tmp_path / "some").mkdir()
    for name in names[:5]:
        shutil.copy(photographs.masks / name, tmp_path / "some" / name)
    data = {"masks": str(tmp_path / "some"), "shares": [0, 0]}
    al = {"initial": 9, "start": "typical"}
    people = asking(tmp_path / "runs", photographs, data=data, al=al)
    outcome = run_experiment(people, lambda: build_engine(people.engine), Heard())
    assert len(outcome.waits_for) == 2
    layout = RunLayout(people.folder)
    drawn = {ask.image_id for ask in read_query(layout.test.query)}
    known = {name.removesuffix(".png") for name in names[:5]} - drawn
    asked = [ask.image_id for ask in read_query(layout.initial.query)]
    assert set(asked[: len(known)]) == known
    ids, vectors = features(people)
    assert set(ids).isdisjoint(drawn)
    picks = first_images("typical", ids, vectors, known, 9 - len(known), people.seed)
    assert asked[len(known) :] == [pick.image_id for pick in picks]
