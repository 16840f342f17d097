"""The contract of every data set of the registry, on tiny instances."""

from __future__ import annotations

import inspect
import pickle
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
from pydantic import ValidationError

from raysal.data.decode import IGNORE, encode_png
from raysal.data.sets.base import Dataset, Item
from raysal.data.sets.camvid import CamVid
from raysal.data.sets.registry import DATASETS, AnyDataset, DatasetChoice
from raysal.errors import DataError
from tests.support.fake_datasets import FAKES, SIZE, fake_camvid, fake_folder, picture
from tests.support.paths import real_data

SPLITS = ("train", "val", "test")


@pytest.fixture(params=DATASETS, ids=lambda kind: kind.__name__)
def dataset(request: pytest.FixtureRequest, tmp_path: Path) -> Dataset:
    assert request.param in FAKES, "a data set needs a tiny instance in fakes.py"
    return FAKES[request.param](tmp_path)


def test_the_union_holds_the_same_data_sets() -> None:
    assert get_args(get_args(AnyDataset)[0]) == DATASETS
    names = [kind.model_fields["name"].default for kind in DATASETS]
    assert len(set(names)) == len(names)


def test_settings_are_the_data_set(dataset: Dataset) -> None:
    fresh = pickle.dumps(dataset)
    dataset.check()
    assert DatasetChoice.model_validate({"data": dataset.dump()}).data == dataset
    assert pickle.loads(pickle.dumps(dataset)) == dataset
    # Jobs carry their data set to workers: what it has found on disk must not travel along.
    assert len(pickle.dumps(dataset)) <= len(fresh) + 200
    assert inspect.getdoc(type(dataset))
    with pytest.raises(ValidationError, match="frozen"):
        dataset.size = (1, 1)


def test_classes_have_names_and_colours(dataset: Dataset) -> None:
    assert len(dataset.class_names) == len(dataset.palette) == len(set(dataset.class_names))
    assert len(set(dataset.palette)) == len(dataset.palette)
    assert all(0 <= value <= 255 for colour in dataset.palette for value in colour)


def test_items_are_sorted_unique_and_of_one_split(dataset: Dataset) -> None:
    seen: list[str] = []
    for split in SPLITS:
        ids = [item.image_id for item in dataset.items(split)]
        assert ids == sorted(set(ids))
        assert ids
        assert list(dataset.items(split)) == list(dataset.items(split))
        seen += ids
    assert len(set(seen)) == len(seen)


def test_images_and_labels_fit(dataset: Dataset) -> None:
    classes = set(range(len(dataset.class_names)))
    for split in SPLITS:
        for item in dataset.items(split):
            image, label = dataset.image(item), dataset.label(item)
            assert (image.shape, image.dtype) == ((*dataset.size, 3), np.uint8)
            assert (label.shape, label.dtype) == (dataset.size, np.uint8)
            assert set(np.unique(label)) <= classes | {IGNORE}
            assert dataset.raw_label(item).shape == dataset.stored_size(item)


def test_another_working_size(dataset: Dataset) -> None:
    item = dataset.items("train")[0]
    small = dataset.model_copy(update={"size": (20, 24)})
    assert small.image(item).shape == (20, 24, 3)
    assert small.label(item).shape == (20, 24)
    assert set(np.unique(small.label(item))) <= {*range(len(dataset.class_names)), IGNORE}


def reopened(dataset: Dataset) -> Dataset:
    """The same data set as the next command sees it: what was found on disk may be remembered."""
    return type(dataset).model_validate(dataset.dump())


on_disk = pytest.mark.parametrize("make", [fake_camvid, fake_folder])


@on_disk
def test_a_truncated_image_is_named(make: object, tmp_path: Path) -> None:
    dataset = make(tmp_path)
    item = dataset.items("train")[1]
    file = Path(item.image)
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    with pytest.raises(DataError, match="truncated") as caught:
        dataset.image(item)
    assert item.image_id in str(caught.value)
    assert dataset.stored_size(item) == SIZE
    file.write_bytes(b"no image")
    assert dataset.stored_size(item) is None


@on_disk
def test_a_vanished_image_is_a_data_error(make: object, tmp_path: Path) -> None:
    dataset = make(tmp_path)
    item = dataset.items("train")[0]
    Path(item.image).unlink()
    Path(item.label).unlink()
    with pytest.raises(DataError, match=Path(item.image).name):
        dataset.image_bytes(item)
    with pytest.raises(DataError, match=Path(item.label).name):
        dataset.raw_label(item)
    assert dataset.stored_size(item) is None


@on_disk
def test_an_image_without_mask_is_found_by_check(make: object, tmp_path: Path) -> None:
    dataset = make(tmp_path)
    item = dataset.items("val")[0]
    Path(item.label).unlink()
    with pytest.raises(DataError, match="has no mask") as caught:
        reopened(dataset).check()
    assert item.image in str(caught.value)
    assert item.label in str(caught.value)


@on_disk
def test_a_listed_image_that_is_absent_is_found_by_check(make: object, tmp_path: Path) -> None:
    dataset = make(tmp_path)
    item = dataset.items("test")[0]
    Path(item.image).unlink()
    with pytest.raises(DataError, match=r"no image .*") as caught:
        reopened(dataset).check()
    assert item.image_id in str(caught.value)


@on_disk
@pytest.mark.parametrize(
    ("mask", "message"),
    [
        (np.full(SIZE, 77, np.uint8), "class id 77 is outside 0.."),
        (np.zeros((*SIZE, 3), np.uint8), "one channel"),
    ],
)
def test_a_wrong_mask_is_named(
    make: object, mask: np.ndarray, message: str, tmp_path: Path
) -> None:
    dataset = make(tmp_path)
    item = dataset.items("train")[0]
    Path(item.label).write_bytes(encode_png(mask))
    with pytest.raises(DataError, match=message) as caught:
        dataset.raw_label(item)
    assert item.label in str(caught.value)
    Path(item.label).write_bytes(b"nothing")
    with pytest.raises(DataError, match="not a readable image") as caught:
        dataset.raw_label(item)
    assert item.label in str(caught.value)


def test_missing_folders_come_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"data.root: no folder .*github.com"):
        CamVid(root=str(tmp_path / "absent")).check()
    with pytest.raises(DataError, match=r"no list .*train.txt"):
        CamVid(root=str(tmp_path)).check()
    folder = fake_folder(tmp_path / "f")
    for key in ("images", "masks"):
        with pytest.raises(DataError, match=f"data.{key}: no folder 'absent'"):
            folder.model_copy(update={key: "absent"}).check()
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match=r"data.images: no image for training"):
        folder.model_copy(update={"images": str(tmp_path / "empty"), "lists": None}).check()


def test_camvid_void_is_unknown(tmp_path: Path) -> None:
    camvid = fake_camvid(tmp_path, suffix=".jpg")
    label = camvid.raw_label(camvid.items("train")[0])
    assert (label[:2] == IGNORE).all()
    assert (label[2:] < 11).all()


def test_folder_splits_by_hash_are_disjoint_and_stay(tmp_path: Path) -> None:
    few = fake_folder(tmp_path, images=40, lists=False, shares=(0.2, 0.3))
    split = {split: {item.image_id for item in few.items(split)} for split in SPLITS}
    assert sum(map(len, split.values())) == len(set.union(*split.values())) == 40
    assert all(len(ids) >= 2 for ids in split.values())
    removed = next(iter(few.items("train")))
    Path(removed.image).unlink()
    few = reopened(few)
    assert {i.image_id for i in few.items("val")} == split["val"]
    assert {i.image_id for i in few.items("train")} == split["train"] - {removed.image_id}


def test_folder_without_a_list_has_no_such_split(tmp_path: Path) -> None:
    folder = fake_folder(tmp_path)
    only = folder.model_copy(update={"lists": {"train": folder.lists["train"]}})
    assert len(only.items("train")) == 8
    assert only.items("val") == only.items("test") == []


def test_folder_lists_may_name_suffixes_and_an_ignored_id(tmp_path: Path) -> None:
    folder = fake_folder(tmp_path, ignore_id=2)
    listing = Path(folder.lists["val"])
    listing.write_text("town0/000.jpg\n\ntown1/001.png extra\n")
    assert [item.image_id for item in folder.items("val")] == ["town0/000", "town1/001"]
    item = folder.items("val")[0]
    Path(item.label).write_bytes(encode_png(picture(0)[1]))
    assert set(np.unique(folder.raw_label(item))) == {0, 1, IGNORE}


def test_two_files_of_one_id_are_refused(tmp_path: Path) -> None:
    folder = fake_folder(tmp_path)
    item = folder.items("train")[0]
    twin = Path(item.image).with_suffix(".jpeg")
    twin.write_bytes(b"")
    with pytest.raises(DataError, match="would have the same id; rename one") as caught:
        reopened(folder).items("train")
    assert str(twin) in str(caught.value)


@pytest.mark.parametrize(
    ("folder", "counts"), [("camvid", (367, 101, 233)), ("camvid_png", (6, 3, 3))]
)
def test_real_camvid(folder: str, counts: tuple[int, ...]) -> None:
    camvid = CamVid(root=str(real_data(folder)))
    camvid.check()
    assert tuple(len(camvid.items(split)) for split in SPLITS) == counts
    for split in SPLITS:
        item: Item = camvid.items(split)[-1]
        assert camvid.image(item).shape == (360, 480, 3)
        assert camvid.stored_size(item) == camvid.raw_label(item).shape == (360, 480)
        assert len(np.unique(camvid.label(item))) > 5
