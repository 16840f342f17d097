"""A run goes on with the data that it began with, wherever they lie, or says what has changed."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from raysal.data.decode import encode_png
from raysal.data.identity import contents_hash, identify
from raysal.data.sets.folder import Folder
from raysal.engine.build import build_engine
from raysal.errors import DataError, RunError
from raysal.experiment.check import check_splits
from raysal.experiment.config import ExperimentConfig
from raysal.experiment.data_check import RunData, check_data
from raysal.experiment.layout import RunLayout
from raysal.experiment.metrics import Metrics
from raysal.experiment.run import run_experiment
from raysal.progress import Silent
from tests.support.fake_datasets import fake_camvid, fake_cityscapes, fake_folder, picture
from tests.support.tiny_run import tiny


class Told(Silent):
    """What was said."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def say(self, text: str) -> None:
        self.lines.append(text)


def check(config: ExperimentConfig, layout: RunLayout, watch: Silent) -> RunData:
    """As a run does when it begins or goes on."""
    return check_data(config.data, check_splits(config.data), layout, watch)


class Begun:
    """A run of a folder of 8 training, 2 validation and 2 test images."""

    def __init__(self, root: Path, *, model: bool, **settings: object) -> None:
        self.data = fake_folder(root / "data", **settings)
        self.root = root
        self.layout = RunLayout(self.config.folder)
        self.layout.pool.mkdir(parents=True)
        self.layout.pool.joinpath("pool.json").write_text("{}")
        check(self.config, self.layout, Silent())
        if model:
            self.finish_model()

    @property
    def config(self) -> ExperimentConfig:
        """As the next command reads it."""
        fresh = Folder.model_validate(self.data.dump())
        return tiny(self.root / "runs").model_copy(update={"data": fresh})

    def finish_model(self) -> None:
        self.layout.round(0).model.mkdir(parents=True)
        self.layout.round(0).model.joinpath("stage.json").write_text('{"version": 1, "wall_s": 1}')

    def resume(self) -> list[str]:
        told = Told()
        self.found = check(self.config, self.layout, told)
        return told.lines

    def file(self, split: str, index: int, part: str) -> Path:
        item = self.data.items(split)[index]
        return Path(item.image if part == "image" else item.label)

    def list(self, split: str) -> Path:
        assert self.data.lists is not None
        return Path(self.data.lists[split])

    def add(self, image_id: str) -> None:
        image, label = picture(99)
        for tree, array in (("images", image), ("masks", label)):
            path = Path(self.root, "data", tree, f"{image_id}.png")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(encode_png(array))


@pytest.fixture
def begun(tmp_path: Path) -> Begun:
    return Begun(tmp_path, model=True)


def test_nothing_is_said_of_the_same_data(begun: Begun) -> None:
    assert begun.resume() == []


def shorter_test_list(run: Begun) -> str:
    run.list("test").write_text("town0/010\n")
    return "1 image gone from the test split ('town1/011')"


def longer_test_list(run: Begun) -> str:
    run.add("more/a")
    run.list("test").write_text(run.list("test").read_text() + "more/a\n")
    return "1 image added to the test split ('more/a')"


def other_validation_list(run: Begun) -> str:
    run.list("val").write_text("town0/008\n")
    return "1 image gone from the val split ('town1/009')"


def moved_between_lists(run: Begun) -> str:
    train, test = run.list("train"), run.list("test")
    lines = train.read_text().splitlines()
    train.write_text("\n".join(lines[1:]))
    test.write_text(test.read_text() + lines[0])
    return (
        f"1 image gone from the train split ('{lines[0]}'); "
        f"1 image added to the test split ('{lines[0]}')"
    )


def mask_of_another_size(run: Begun) -> str:
    run.file("train", 3, "mask").write_bytes(encode_png(picture(1, (8, 8))[1]))
    return "the masks of 1 image of the train split changed ('town0/006')"


def mask_of_the_same_size(run: Begun) -> str:
    for index in range(2):
        run.file("test", index, "mask").write_bytes(encode_png(picture(50 + index)[1]))
    return "the masks of 2 images of the test split changed ('town0/010', 'town1/011')"


def image_of_another_content(run: Begun) -> str:
    run.file("val", 0, "image").write_bytes(encode_png(picture(50)[0]))
    return "1 image of the val split changed ('town0/008')"


def image_swapped_for_another(run: Begun) -> str:
    one, other = (run.file("train", index, "image") for index in (1, 2))
    first, second = one.read_bytes(), other.read_bytes()
    one.write_bytes(second)
    other.write_bytes(first)
    return "2 images of the train split changed ('town0/002', 'town0/004')"


CHANGES = (
    shorter_test_list,
    longer_test_list,
    other_validation_list,
    moved_between_lists,
    mask_of_another_size,
    mask_of_the_same_size,
    image_of_another_content,
    image_swapped_for_another,
)


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_what_changed_is_refused_and_named(begun: Begun, change: Callable[[Begun], str]) -> None:
    stored = begun.layout.data_identity.read_bytes()
    what = change(begun)
    for _ in range(2):
        with pytest.raises(RunError) as caught:
            begun.resume()
        assert str(caught.value) == (
            f"{begun.layout.root} was begun with other data: {what}; restore the data, or give "
            "this run another name to begin with the data as they are"
        )
    assert begun.layout.data_identity.read_bytes() == stored
    assert begun.layout.pool.exists()


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_before_the_first_model_the_run_starts_again(
    tmp_path: Path, change: Callable[[Begun], str]
) -> None:
    begun = Begun(tmp_path, model=False)
    what = change(begun)
    assert begun.resume() == [f"the data have changed ({what}); starting again"]
    assert not begun.layout.pool.exists()
    begun.finish_model()
    assert begun.resume() == []


def test_before_there_is_a_pool_a_repaired_mask_is_not_worth_a_word(tmp_path: Path) -> None:
    begun = Begun(tmp_path, model=False)
    shutil.rmtree(begun.layout.pool)
    mask_of_another_size(begun)
    assert begun.resume() == []
    begun.finish_model()
    assert begun.resume() == []


def test_images_gone_from_the_pool_are_set_aside_with_a_word(begun: Begun) -> None:
    begun.list("train").write_text("town0/000\ntown1/001\n")
    stored = begun.layout.data_identity.read_bytes()
    named = "'town0/002', 'town0/004', 'town0/006' and 3 more"
    assert begun.resume() == [
        f"6 images gone from the train split ({named}): set aside; what was labelled stays labelled"
    ]
    assert begun.layout.data_identity.read_bytes() == stored


def test_images_added_to_the_pool_are_known_by_id(begun: Begun) -> None:
    for number in range(4):
        begun.add(f"more/{number}")
    begun.list("train").write_text(
        begun.list("train").read_text() + "".join(f"more/{number}\n" for number in range(4))
    )
    for _ in range(2):
        assert begun.resume() == []
        assert begun.found.added == {f"more/{number}" for number in range(4)}
    begun.file("train", -1, "image").write_bytes(b"")
    with pytest.raises(RunError) as caught:
        begun.resume()
    last = begun.data.items("train")[-1].image_id
    assert f"1 image of the train split changed ('{last}')" in str(caught.value)
    assert "4 images added" in str(caught.value)


def test_files_added_under_the_hash_split_are_refused_where_they_are_measured_on(
    tmp_path: Path,
) -> None:
    begun = Begun(tmp_path, model=True, images=12, lists=False, shares=(0.2, 0.2))
    before = {split: len(begun.data.items(split)) for split in ("train", "val", "test")}
    for number in range(30):
        begun.add(f"more/{number:02d}")
    now = {split: len(begun.config.data.items(split)) for split in before}
    assert all(now[split] > before[split] for split in before)
    with pytest.raises(RunError) as caught:
        begun.resume()
    for split, count in before.items():
        assert f"{now[split] - count} images added to the {split} split" in str(caught.value)


def test_data_and_lists_may_move(begun: Begun) -> None:
    there = begun.root / "another" / "disk"
    shutil.copytree(begun.root / "data", there)  # With other modification times.
    for path in there.rglob("*.*"):
        os.utime(path, ns=(1, 1))
    shutil.rmtree(begun.root / "data")
    begun.data = Folder.model_validate(
        begun.data.dump()
        | {"images": str(there / "images"), "masks": str(there / "masks")}
        | {"lists": {split: str(there / f"{split}.txt") for split in ("train", "val", "test")}}
    )
    stored = begun.layout.data_identity.read_bytes()
    assert begun.resume() == []
    moved = begun.layout.data_identity.read_bytes()
    assert moved != stored  # The new times, so that the files are not read each time.
    assert begun.resume() == []
    assert begun.layout.data_identity.read_bytes() == moved
    mask_of_the_same_size(begun)
    with pytest.raises(RunError, match="the masks of 2 images of the test split"):
        begun.resume()


def test_the_order_and_the_suffixes_of_a_list_do_not_matter(begun: Begun) -> None:
    listing = begun.list("train")
    lines = listing.read_text().split()
    listing.write_text("\n".join(f"{line}.png" for line in reversed(lines)) + "\n\n")
    assert begun.resume() == []


def test_a_run_of_an_earlier_version_is_told_once(begun: Begun) -> None:
    begun.layout.data_identity.unlink()
    (line,) = begun.resume()
    assert "a version of raysal that did not store which images and masks it used" in line
    assert begun.resume() == []
    mask_of_another_size(begun)
    with pytest.raises(RunError, match="the masks of 1 image"):
        begun.resume()


def test_a_damaged_identity_is_refused_with_a_remedy_that_works(begun: Begun) -> None:
    file = begun.layout.data_identity
    file.write_bytes(file.read_bytes()[:-20])
    with pytest.raises(DataError, match=r"is damaged .* move it away and run again"):
        begun.resume()
    file.rename(file.with_suffix(".away"))
    begun.resume()
    assert begun.resume() == []


def test_drawn_data_are_their_settings(tmp_path: Path) -> None:
    config = tiny(tmp_path)
    layout = RunLayout(config.folder)
    layout.root.mkdir()
    found = check(config, layout, Silent())
    assert len(found.identity["train"]) == 40
    assert list(layout.root.iterdir()) == []


def test_identical_images_are_named_when_a_run_begins(tmp_path: Path) -> None:
    data = fake_folder(tmp_path / "data")
    train, test = data.items("train"), data.items("test")
    Path(test[1].image).write_bytes(Path(train[0].image).read_bytes())
    config = tiny(tmp_path).model_copy(update={"data": data})
    layout, told = RunLayout(config.folder), Told()
    layout.root.mkdir()
    check(config, layout, told)
    assert told.lines == [
        "folder: 1 image of the test split is identical to images of the train split "
        "('town1/011' = 'town0/000'): the splits are not independent, and mIoU may be too high"
    ]
    check(config, layout, told)
    assert len(told.lines) == 1


@pytest.mark.parametrize("make", [fake_camvid, fake_cityscapes])
def test_published_data_sets_are_compared_too(
    make: Callable[[Path], Folder], tmp_path: Path
) -> None:
    data = make(tmp_path / "data")
    config = tiny(tmp_path).model_copy(update={"data": data})
    layout = RunLayout(config.folder)
    layout.round(0).model.mkdir(parents=True)
    check(config, layout, Silent())
    item = data.items("test")[0]
    Path(item.label).write_bytes(Path(data.items("test")[1].label).read_bytes() + b"\0")
    with pytest.raises(RunError, match=f"1 image of the test split .*'{item.image_id}'"):
        check(config, layout, Silent())


def test_a_round_says_what_it_was_measured_on(tmp_path: Path) -> None:
    data = fake_folder(tmp_path / "data")
    config = tiny(
        tmp_path,
        acquisition={"name": "random"},
        train={"epochs": 1, "checkpoint": "last", "batch_size": 2},
        al={"initial": 2, "budget": 2, "rounds": 2},
    ).model_copy(update={"data": data})
    layout = RunLayout(config.folder)

    def run(again: ExperimentConfig = config) -> None:
        run_experiment(again, lambda: build_engine(again.engine), Silent())

    run()
    expected = contents_hash(identify(data)["test"])
    for index in range(2):
        metrics = Metrics.read(layout.round(index).metrics)
        assert (metrics.images, metrics.split_contents) == (2, expected)
    Path(data.lists["test"]).write_text("town0/010\n")
    shutil.rmtree(layout.round(1).folder)
    with pytest.raises(RunError, match="1 image gone from the test split"):
        run()
    assert not layout.round(1).folder.exists()
    # Without a test split, on the validation images.
    only = {split: path for split, path in data.lists.items() if split != "test"}
    run(config.model_copy(update={"name": "val", "data": data.model_copy(update={"lists": only})}))
    metrics = Metrics.read(RunLayout(tmp_path / "val").round(0).metrics)
    assert metrics.split_contents == contents_hash(identify(data)["val"])
