"""BDD100K: ids, size, and the real thing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from raysal.data.decode import IGNORE, encode_png
from raysal.data.sets.bdd100k import BDD100K
from raysal.data.sets.cityscapes import Cityscapes
from raysal.errors import DataError
from tests.support.fake_city_datasets import fake_bdd100k
from tests.support.paths import real_data


def test_the_classes_are_those_of_cityscapes(tmp_path: Path) -> None:
    bdd = fake_bdd100k(tmp_path)
    assert bdd.class_names == Cityscapes.CLASS_NAMES
    assert bdd.palette == Cityscapes.PALETTE


def test_ids_stay(tmp_path: Path) -> None:
    bdd = fake_bdd100k(tmp_path)
    item = bdd.items("test")[0]
    ids = np.array([[*range(19), 255]], np.uint8)
    Path(item.label).write_bytes(encode_png(ids))
    assert np.array_equal(bdd.raw_label(item), ids)


def test_another_id_is_named(tmp_path: Path) -> None:
    bdd = fake_bdd100k(tmp_path)
    item = bdd.items("test")[0]
    Path(item.label).write_bytes(encode_png(np.full((4, 8), 19, np.uint8)))
    with pytest.raises(DataError, match=r"png: class id 19 is outside 0..18"):
        bdd.raw_label(item)


def test_full_size_and_names(tmp_path: Path) -> None:
    bdd = BDD100K(root=fake_bdd100k(tmp_path).root)
    item = bdd.items("train")[1]
    assert bdd.image(item).shape == (720, 1280, 3)
    assert bdd.label(item).shape == (720, 1280)
    assert item.image_id == "t0000001-27ccb1dd"
    assert item.image == str(tmp_path / "images/10k/train/t0000001-27ccb1dd.jpg")
    assert item.label == str(tmp_path / "labels/sem_seg/masks/train/t0000001-27ccb1dd.png")


def test_the_real_one() -> None:
    bdd = BDD100K(root=str(real_data("bdd100k")))
    bdd.check()
    train = bdd.items("train")
    assert len(train) >= 16
    assert bdd.items("val") == []
    assert len(bdd.items("test")) >= 8
    held = BDD100K(root=bdd.root, val_images=4)
    assert len(held.items("val")) == 4
    assert len(held.items("train")) == len(train) - 4
    for item in (train[0], bdd.items("test")[0]):
        assert bdd.image(item).shape == (720, 1280, 3)
        assert bdd.stored_size(item) == bdd.raw_label(item).shape == (720, 1280)
        assert set(np.unique(bdd.label(item))) <= {*range(19), IGNORE}
    shares = np.bincount(np.concatenate([bdd.raw_label(i).ravel() for i in train[:4]]))[:19]
    assert {"road", "sky"} <= {bdd.class_names[i] for i in np.argsort(shares)[-6:]}
