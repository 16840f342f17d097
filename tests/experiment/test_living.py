"""A run that lives: more rounds, other settings from the next query on, a pool that changes."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from raysal.data.answers import AnswerStore
from raysal.data.labels import labelled_ids
from raysal.data.pool.pool import Pool
from raysal.data.sets.base import Dataset
from raysal.engine.build import build_engine
from raysal.errors import RunError
from raysal.experiment import stage
from raysal.experiment.changeable import keep_config, settings_of
from raysal.experiment.config import ExperimentConfig
from raysal.experiment.layout import RunLayout
from raysal.experiment.outcome import Outcome
from raysal.experiment.own_files import draft_of, replaced_of
from raysal.experiment.query import read_query
from raysal.experiment.record import Record
from raysal.experiment.run import run_experiment
from raysal.experiment.status import read_status
from raysal.models.checkpoint import load_model
from raysal.progress import Silent
from tests.support.faults import Killed, around_renames
from tests.support.people import Photographs, asking, simulated, take_photographs
from tests.support.tiny_run import queried, tiny, write_config

SETTINGS: dict[str, Any] = {"al": {"test": 3, "budget": 2, "initial": 4}}


class Heard(Silent):
    """Remembers what a run says."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def say(self, text: str) -> None:
        self.lines.append(text)

    def one(self, *words: str) -> str:
        """The line with all these words; there must be one."""
        (line,) = self.lines_with(*words)
        return line

    def lines_with(self, *words: str) -> list[str]:
        """The lines with all these words."""
        return [line for line in self.lines if all(word in line for word in words)]


@pytest.fixture(scope="module")
def photographs(tmp_path_factory: pytest.TempPathFactory) -> Photographs:
    return take_photographs(tmp_path_factory.mktemp("photographs"), images=24)


def run(config: ExperimentConfig, heard: Heard | None = None) -> Outcome:
    return run_experiment(config, lambda: build_engine(config.engine), heard or Heard())


@contextlib.contextmanager
def killed_after(rename: Path | str) -> Iterator[None]:
    """While the block runs, raise `Killed` after the first rename to a path, or to a name."""

    def kill(target: Path) -> None:
        if rename in (target, target.name):
            raise Killed

    with around_renames(after=kill), pytest.raises(Killed):
        yield


def with_al(config: ExperimentConfig, **changes: Any) -> ExperimentConfig:
    """Another configuration, which lists its images anew."""
    return changed(config, al={**config.al.model_dump(), **changes})


def changed(config: ExperimentConfig, **changes: Any) -> ExperimentConfig:
    return ExperimentConfig.model_validate({**config.dump(), **changes})


def weights(layout: RunLayout, index: int) -> list[torch.Tensor]:
    return list(load_model(layout.round(index).model).model.state_dict().values())


def settings(records: list[Record], key: str) -> list[Any]:
    return [record.settings.get(key) for record in records if record.settings is not None]


@pytest.mark.slow
def test_more_rounds_are_those_that_it_would_have_had(
    photographs: Photographs, tmp_path: Path
) -> None:
    config = simulated(tmp_path / "two", photographs, **SETTINGS)
    first = run(config)
    more, heard = with_al(config, rounds=4), Heard()
    with killed_after(".record.removed"):
        run(more)
    then = run(more, heard)
    assert not heard.lines_with("from the next query on")  # It was said before the kill.
    assert not list(then.layout.rounds.glob("*/.*"))
    assert not [line for line in heard.lines if "begun with" in line]
    at_once = run(with_al(simulated(tmp_path / "four", photographs, **SETTINGS), rounds=4))
    assert [record.round for record in then.records] == [0, 1, 2, 3]
    assert then.records[0] == first.records[0]
    assert first.records[1].queried is None
    roots = (then.layout.root, at_once.layout.root)
    assert queried(roots[0], 4) == queried(roots[1], 4)
    for index in range(4):
        pairs = zip(weights(then.layout, index), weights(at_once.layout, index), strict=True)
        assert all(torch.equal(a, b) for a, b in pairs)
    assert run(more).records == then.records


def test_budget_and_strategy_of_the_next_query(photographs: Photographs, tmp_path: Path) -> None:
    config = simulated(tmp_path, photographs, **SETTINGS)
    run(config)
    other = changed(with_al(config, rounds=3, budget=5), acquisition={"name": "entropy"})
    outcome = run(other)
    assert [record.labelled.images for record in outcome.records] == [4, 6, 11]
    assert settings(outcome.records, "acquisition.name") == ["ds", "entropy", "entropy"]
    assert settings(outcome.records, "al.budget") == [2, 5, 5]
    assert [record.strategy for record in outcome.records] == ["DS", "Entropy", "Entropy"]
    assert len(list((outcome.layout.root / "configs").glob("*.yaml"))) == 2
    assert any(
        "have changed since round 0" in line and "now al.budget: 5" in line
        for line in read_status(outcome.layout.root).lines
    )


def test_a_query_that_was_begun_keeps_its_settings(
    photographs: Photographs, tmp_path: Path
) -> None:
    config = simulated(tmp_path, photographs, **SETTINGS)

    with killed_after("scores"):
        run(config)
    shutil.rmtree(RunLayout(config.folder).root / "configs")  # As in earlier versions.
    other, heard = changed(with_al(config, budget=5), acquisition={"name": "entropy"}), Heard()
    outcome = run(other, heard)
    heard.one("round 0: goes on with the settings that it was begun with")
    assert [record.labelled.images for record in outcome.records] == [4, 6]
    assert settings(outcome.records, "acquisition.name") == ["ds", "entropy"]


def test_a_model_without_what_the_strategy_reads_is_queried_by_its_own(
    photographs: Photographs, tmp_path: Path
) -> None:
    config = simulated(tmp_path, photographs, **SETTINGS, acquisition={"name": "entropy"})
    run(config)
    outcome = run(changed(with_al(config, rounds=3), acquisition={"name": "ds"}))
    assert settings(outcome.records, "acquisition.name") == ["entropy", "entropy", "ds"]


@pytest.mark.parametrize(
    ("section", "change", "named"),
    [
        ("train", {"epochs": 2}, "was train.epochs: 1; now train.epochs: 2"),
        ("al", {"initial": 5}, "was al.initial: 4; now al.initial: 5"),
        ("data", {"size": [48, 80]}, "data.size"),
    ],
)
def test_what_models_are_trained_with_stays(
    section: str, change: dict[str, Any], named: str, photographs: Photographs, tmp_path: Path
) -> None:
    config = with_al(simulated(tmp_path, photographs, **SETTINGS), rounds=1)
    run(config)
    values = config.dump()
    values["al"]["budget"] = 7
    values[section] = {**values[section], **change}
    with pytest.raises(RunError, match="made with another configuration") as caught:
        run(ExperimentConfig.model_validate(values))
    assert named in str(caught.value)
    assert "budget" not in str(caught.value)
    # Nor does it help to edit the copy in the run folder.
    write_config(RunLayout(config.folder).config, ExperimentConfig.model_validate(values))
    with pytest.raises(RunError, match="made with another configuration"):
        run(ExperimentConfig.model_validate(values))
    heard = Heard()
    assert len(run(config, heard).records) == 1
    heard.one("config.yaml was damaged or edited; written again")


def test_a_model_trained_with_another_ranking_loss_is_queried_by_its_own(tmp_path: Path) -> None:
    trained = tiny(tmp_path, acquisition={"name": "loss_prediction"})
    other = tiny(tmp_path, acquisition={"name": "tavaal"})
    layout = RunLayout(tmp_path)
    keep_config(trained, layout)
    here = layout.round(0)
    stage.once(here.model, lambda draft: None, fingerprint=trained.fingerprint())
    assert settings_of(here, layout, other).acquisition.name == "loss_prediction"
    assert settings_of(layout.round(1), layout, other).acquisition.name == "tavaal"


def test_recorded_rounds_are_not_taken_back(photographs: Photographs, tmp_path: Path) -> None:
    config = simulated(tmp_path, photographs, **SETTINGS)
    run(config)
    with pytest.raises(RunError, match=r"al\.rounds is 1, but 2 rounds .* set it to 2 or more"):
        run(with_al(config, rounds=1))


@pytest.mark.slow
def test_a_lost_configuration_is_recognised_by_those_that_were_kept(
    photographs: Photographs, tmp_path: Path
) -> None:
    config = simulated(tmp_path, photographs, **SETTINGS)
    run(config)
    more = with_al(config, rounds=3)
    layout, heard = run(more).layout, Heard()
    layout.config.unlink()
    with pytest.raises(RunError, match="is missing, and the rounds there were made with another"):
        run(changed(more, seed=1))
    assert len(run(more, heard).records) == 3
    heard.one("was missing; written again")


def test_an_empty_query_is_made_again_with_a_budget_that_pays(
    photographs: Photographs, tmp_path: Path
) -> None:
    config = with_al(simulated(tmp_path, photographs, **SETTINGS), budget_unit="pixels", budget=9)
    assert run(config).stop is not None
    outcome = run(with_al(config, budget_unit="images", budget=2))
    assert [record.labelled.images for record in outcome.records] == [4, 6]


class Growing:
    """Photographs of which some are elsewhere at first."""

    def __init__(self, photographs: Photographs, tmp_path: Path) -> None:
        self.elsewhere = tmp_path / "elsewhere"
        self.elsewhere.mkdir()
        root = take_photographs(tmp_path / "growing", images=16)
        self.photographs = root
        for path in sorted(root.images.iterdir())[10:]:
            path.rename(self.elsewhere / path.name)

    def come(self) -> set[str]:
        """The others come; returns their ids."""
        there = {path.stem for path in self.elsewhere.iterdir()}
        for path in self.elsewhere.iterdir():
            path.rename(self.photographs.images / path.name)
        return there


@pytest.fixture
def growing(photographs: Photographs, tmp_path: Path) -> Growing:
    return Growing(photographs, tmp_path)


def test_images_that_came_are_candidates(growing: Growing, tmp_path: Path) -> None:
    config = simulated(tmp_path, growing.photographs, al={"test": 2, "initial": 3, "rounds": 1})
    config = changed(config, acquisition={"name": "coreset"})
    layout = run(config).layout
    more = with_al(config, rounds=2, budget=9)
    with killed_after("part-part-00000-00000.parquet"):
        run(more)
    (part,) = draft_of(layout.round(0).scores).glob("part-*")
    part.write_text("It is about a smaller pool, and nobody must read it again.")
    new, heard = growing.come(), Heard()
    more = with_al(more)
    outcome = run(more, heard)
    heard.one("6 images that were added are candidates from now on")
    assert len(outcome.records) == 2
    pool = Pool.open(str(layout.pool))
    assert (pool.images, len(list(pool.ids()))) == (16, 16)
    pool.check()
    assert new & set(queried(layout.root, 2)[1])
    again = Heard()
    run(more, again)
    assert not [line for line in again.lines if "added" in line]


@pytest.mark.parametrize("which", [pytest.param("replaced", marks=pytest.mark.slow), "pool"])
def test_killed_while_the_pool_grows(which: str, growing: Growing, tmp_path: Path) -> None:
    config = simulated(tmp_path, growing.photographs, al={"test": 2, "initial": 3, "rounds": 1})
    layout = run(config).layout
    growing.come()
    more = with_al(config, rounds=2, budget=9)
    last = {"replaced": replaced_of(layout.pool), "pool": layout.pool}[which]

    with killed_after(last):
        run(more)
    went = max(path.stem for path in growing.photographs.images.iterdir())
    if which == "pool":  # The pool knows them, the list of the run's images does not yet.
        (growing.photographs.images / f"{went}.jpg").unlink()
    outcome = run(with_al(more))
    assert len(outcome.records) == 2
    assert outcome.records[1].labelled.images == 3 + 9
    assert which == "replaced" or went not in queried(layout.root, 2)[1]
    assert Pool.open(str(layout.pool)).images == 16
    assert not replaced_of(layout.pool).exists()
    assert stage.check_stage(layout.pool)


def test_images_that_came_wait_for_a_query_that_was_begun(growing: Growing, tmp_path: Path) -> None:
    config = simulated(tmp_path, growing.photographs, al={"test": 2, "initial": 3, "budget": 2})

    with killed_after("scores"):
        run(config)
    new = growing.come()
    outcome = run(with_al(config, rounds=3, budget=2))
    first, second = queried(outcome.layout.root, 3)[1:]
    assert not new & set(first)
    assert Pool.open(str(outcome.layout.pool)).images == 16
    assert len(second) == 2


def test_images_that_went_are_set_aside_and_named(growing: Growing, tmp_path: Path) -> None:
    growing.come()
    config = simulated(tmp_path, growing.photographs, al={"test": 2, "initial": 3, "rounds": 1})
    layout = run(config).layout
    labelled = queried(layout.root, 1)[0]
    gone = unlabelled(config.data, layout)[:5] + labelled[:1]
    for image_id in gone:
        (growing.photographs.images / f"{image_id}.jpg").unlink()
    heard = Heard()
    outcome = run(with_al(config, rounds=2, budget=20), heard)
    heard.one("6 images gone from the train split", "set aside")
    assert not set(gone) & set(queried(layout.root, 2)[1])
    assert outcome.records[1].labelled.images == 16 - 2 - 5


def test_a_query_for_images_that_went_is_made_again(growing: Growing, tmp_path: Path) -> None:
    growing.come()
    config = simulated(tmp_path, growing.photographs, al={"test": 2, "initial": 3, "budget": 4})
    layout = RunLayout(config.folder)
    with killed_after(layout.round(0).query):
        run(config)
    asked = [ask.image_id for ask in read_query(layout.round(0).query)]
    (growing.photographs.images / f"{asked[0]}.jpg").unlink()
    heard = Heard()
    run(with_al(config), heard)
    heard.one("round 0: an image of its query is gone; it is made again")
    again = queried(layout.root, 2)[1]
    assert (again[:3], len(again)) == (asked[1:], 4)


def test_a_query_of_people_is_dropped_only_if_no_round_follows(
    growing: Growing, tmp_path: Path
) -> None:
    al = {"test": 2, "initial": 3, "budget": 2}
    config = asking(tmp_path, growing.photographs, al=al)
    layout = run(config).layout
    growing.photographs.answer(layout.root)
    assert run(config).waits_for
    pending = [ask.image_id for ask in read_query(layout.round(0).query)]
    for image_id in unlabelled(config.data, layout):
        (growing.photographs.images / f"{image_id}.jpg").unlink()
    # People see the images in the pool, so they are asked still.
    (waits_for,) = run(with_al(config)).waits_for
    assert waits_for.unanswered() == pending
    growing.photographs.answer(layout.root, most=1)
    fewer, heard = with_al(config, rounds=1), Heard()
    outcome = run(fewer, heard)
    heard.one("round 0 is the last one now, so its query is dropped; answers of people are kept")
    assert (len(outcome.records), outcome.waits_for) == (1, ())
    assert run(fewer).records == outcome.records
    assert AnswerStore(layout.answers / "round-000").current(pending[0]) is not None


def unlabelled(data: Dataset, layout: RunLayout) -> list[str]:
    known = {*labelled_ids(layout.test.labels), *labelled_ids(layout.initial.labels)}
    return [item.image_id for item in data.items("train") if item.image_id not in known]


def test_people_take_over(photographs: Photographs, tmp_path: Path) -> None:
    config = simulated(tmp_path, photographs, **SETTINGS)
    run(config)
    values = {**with_al(config, rounds=3).dump(), "oracle": "people"}
    outcome = run(ExperimentConfig.model_validate(values))
    # The masks are there: they answer, without anybody being asked.
    assert (len(outcome.records), outcome.waits_for) == (3, ())
    assert settings(outcome.records, "oracle") == [None, "people", "people"]
