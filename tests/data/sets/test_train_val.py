"""What the data sets with a published train and val folder have in common."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from raysal.data.decode import IGNORE, encode_png
from raysal.data.sets.held_out import held_out
from raysal.data.sets.train_val import TrainVal
from raysal.errors import DataError
from tests.support.fake_city_datasets import SIZE, fake_bdd100k, fake_cityscapes, reopened

SPLITS = ("train", "val", "test")


@pytest.fixture(params=[fake_cityscapes, fake_bdd100k])
def make(request: pytest.FixtureRequest) -> Callable[..., TrainVal]:
    return request.param


@pytest.fixture
def dataset(make: Callable[..., TrainVal], tmp_path: Path) -> TrainVal:
    return make(tmp_path)


def ids(dataset: TrainVal, split: str) -> list[str]:
    return [item.image_id for item in dataset.items(split)]


def test_the_19_classes(dataset: TrainVal) -> None:
    assert len(dataset.class_names) == len(dataset.palette) == len(set(dataset.palette)) == 19
    colours = dict(zip(dataset.class_names, dataset.palette, strict=True))
    assert colours["road"] == (128, 64, 128)
    assert colours["sky"] == (70, 130, 180)
    assert colours["bicycle"] == (119, 11, 32)


def test_images_and_labels(dataset: TrainVal) -> None:
    dataset.check()
    for split in SPLITS:
        for item in dataset.items(split):
            assert dataset.image(item).shape == (*SIZE, 3)
            assert dataset.raw_label(item).shape == dataset.stored_size(item) == SIZE
            assert set(np.unique(dataset.label(item))) == {*range(19), IGNORE}


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".jpeg", ".JPG"])
def test_images_of_any_kind(make: Callable[..., TrainVal], suffix: str, tmp_path: Path) -> None:
    dataset = make(tmp_path, suffix=suffix)
    dataset.check()
    item = dataset.items("test")[0]
    assert item.image.endswith(suffix)
    assert dataset.image(item).shape == (*SIZE, 3)


def test_no_val_unless_images_are_held_out(dataset: TrainVal) -> None:
    whole = reopened(dataset, val_images=0)
    whole.check()
    assert [len(whole.items(split)) for split in SPLITS] == [6, 0, 2]
    assert type(whole).model_fields["val_images"].default == 0
    dataset.check()
    assert [len(dataset.items(split)) for split in SPLITS] == [4, 2, 2]
    assert sorted(ids(dataset, "train") + ids(dataset, "val")) == ids(whole, "train")
    assert ids(dataset, "test") == ids(whole, "test")
    assert all(ids(dataset, split) == sorted(ids(dataset, split)) for split in SPLITS)


def test_the_same_images_are_held_out_always(dataset: TrainVal) -> None:
    assert ids(dataset, "val") == ids(reopened(dataset), "val")
    assert set(ids(dataset, "val")) < set(ids(reopened(dataset, val_images=3), "val"))
    names = [f"image-{i:03d}" for i in range(100)]
    assert held_out(names, 3) == held_out(reversed(names), 3)
    assert held_out(names, 3) == {"image-017", "image-027", "image-029"}
    assert held_out(names, 0) == set()
    assert held_out(names, 200) == set(names)


@pytest.mark.parametrize("count", [6, 300])
def test_something_is_left_to_train_on(dataset: TrainVal, count: int) -> None:
    with pytest.raises(DataError, match=f"data.val_images: {count} of 6 training images"):
        reopened(dataset, val_images=count).check()
    reopened(dataset, val_images=5).check()


@pytest.mark.parametrize("split", SPLITS)
def test_a_missing_image_is_named(dataset: TrainVal, split: str) -> None:
    item = dataset.items(split)[0]
    Path(item.image).unlink()
    now = reopened(dataset)
    with pytest.raises(DataError, match=r"missing image files: 1 .*skip_missing=true$") as caught:
        now.check()
    assert item.image in str(caught.value)
    with pytest.raises(DataError, match="missing image"):
        now.items(split)


@pytest.mark.parametrize("split", SPLITS)
def test_a_missing_label_is_named(dataset: TrainVal, split: str) -> None:
    item = dataset.items(split)[0]
    Path(item.label).unlink()
    with pytest.raises(DataError, match=r"missing label files: 1 .*skip_missing=true$") as caught:
        reopened(dataset).check()
    assert item.label in str(caught.value)


def test_the_first_of_many_are_named_and_the_others_counted(dataset: TrainVal) -> None:
    gone = reopened(dataset, val_images=0).items("train")[:4] + list(dataset.items("test"))
    for item in gone:
        Path(item.image).unlink()
    with pytest.raises(DataError, match=r"missing image files: 6 \(.* and 3 more\), ") as caught:
        reopened(dataset).check()
    assert [item.image in str(caught.value) for item in gone] == [True] * 3 + [False] * 3
    assert "\n" not in str(caught.value)


def test_what_is_missing_can_be_left_out(dataset: TrainVal) -> None:
    train = reopened(dataset, val_images=0).items("train")
    Path(train[0].image).unlink()
    Path(train[1].label).unlink()
    Path(dataset.items("test")[0].image).unlink()
    now = reopened(dataset, skip_missing=True, val_images=0)
    now.check()
    assert now.items("train") == train[2:]
    assert now.items("test") == dataset.items("test")[1:]


def test_nothing_left_to_train_on(dataset: TrainVal) -> None:
    for item in reopened(dataset, val_images=0).items("train"):
        Path(item.image).unlink()
    with pytest.raises(DataError, match=r"no image in .*train.* with a label in .*left out 6\)"):
        reopened(dataset, skip_missing=True).check()


def test_nothing_left_to_measure_on(dataset: TrainVal) -> None:
    for item in dataset.items("test"):
        Path(item.image).unlink()
    now = reopened(dataset, skip_missing=True)
    now.check()
    assert [len(now.items(split)) for split in SPLITS] == [4, 2, 0]
    with pytest.raises(DataError, match=r"no image in .*val .*left out 2.*evaluate on.*val_images"):
        reopened(dataset, skip_missing=True, val_images=0).check()


def test_missing_folders_come_with_the_remedy(dataset: TrainVal, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"data.root: no folder .*absent'; it must hold .*https:"):
        reopened(dataset, root=str(tmp_path / "absent")).check()
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match=r"no image in .*train.*data.root must hold .*https:"):
        reopened(dataset, root=str(tmp_path / "empty")).check()


def test_two_images_of_one_id_are_refused(dataset: TrainVal) -> None:
    item = dataset.items("train")[0]
    twin = Path(item.image).with_suffix(".jpeg")
    twin.write_bytes(b"")
    with pytest.raises(DataError, match="would have the same id; remove one") as caught:
        reopened(dataset).check()
    assert item.image in str(caught.value)
    assert str(twin) in str(caught.value)


@pytest.mark.parametrize(
    ("mask", "message"),
    [
        (np.full(SIZE, 77, np.uint8), " id 77 is outside 0.."),
        (np.zeros((*SIZE, 3), np.uint8), "one channel"),
    ],
)
def test_a_wrong_mask_is_named(dataset: TrainVal, mask: np.ndarray, message: str) -> None:
    item = dataset.items("train")[0]
    Path(item.label).write_bytes(encode_png(mask))
    with pytest.raises(DataError, match=message) as caught:
        dataset.raw_label(item)
    assert item.label in str(caught.value)
    Path(item.label).write_bytes(b"nothing")
    with pytest.raises(DataError, match="not a readable image") as caught:
        dataset.raw_label(item)
    assert item.label in str(caught.value)


def test_a_truncated_image_is_named(dataset: TrainVal) -> None:
    item = dataset.items("train")[0]
    file = Path(item.image)
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    with pytest.raises(DataError, match=item.image_id):
        dataset.image(item)


def test_what_was_found_does_not_travel(dataset: TrainVal) -> None:
    fresh = pickle.dumps(reopened(dataset))
    dataset.check()
    assert len(pickle.dumps(dataset)) <= len(fresh) + 200
    sent = pickle.loads(pickle.dumps(dataset))
    assert sent == dataset
    assert sent.items("val") == dataset.items("val")
